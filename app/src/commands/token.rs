//! `rtm token`: makes tokens and shows what they say.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rtm_domain::ids::UserId;
use rtm_domain::time::Timestamp;
use rtm_redis::Redis;
use serde_json::{Map, Value, json};

use crate::auth::RoomRights;
use crate::config::{AuthConfig, Config, NewToken, TokenCommand};
use crate::nodes::revoke_in;
use crate::server::{redis_settings, token_authenticator};

/// What a command prints, or why it cannot be done.
pub type Outcome = Result<String, Box<dyn std::error::Error>>;

/// Does a command about tokens.
///
/// # Errors
///
/// What is wrong, and what to do.
pub fn run(command: &TokenCommand, config: &Config) -> Outcome {
    match command {
        TokenCommand::New(new) => make(new, &config.auth),
        TokenCommand::Inspect { token } => inspect(token.as_deref(), config),
        TokenCommand::Revoke { user } => revoke(user, config),
    }
}

fn make(new: &NewToken, auth: &AuthConfig) -> Outcome {
    let now = since_1970();
    let mut claims = json!({
        "sub": new.user,
        "iat": now.as_secs(),
        "exp": (now + new.ttl).as_secs(),
    });
    if let Some(audience) = &auth.jwt_audience {
        claims["aud"] = json!(audience);
    }
    if let Some(issuer) = &auth.jwt_issuer {
        claims["iss"] = json!(issuer);
    }
    if !new.rooms.is_empty() {
        claims["rtm"] = json!({ "rooms": rights(&new.rooms)? });
    }
    let (algorithm, key) = signing_key(new.key_file.as_deref(), auth)?;
    let token = encode(&Header::new(algorithm), &claims, &key)?;
    Ok(format!("{token}\n"))
}

/// `pattern=right,right` as the claim has it. A pattern may hold a `=`, rights do not.
fn rights(rooms: &[String]) -> Result<Map<String, Value>, String> {
    let mut claim = Map::new();
    for room in rooms {
        let Some((pattern, rights)) = room.rsplit_once('=') else {
            return Err(format!(
                "--room {room}: write PATTERN=RIGHTS, such as 'team-*=join'"
            ));
        };
        let mut list = Vec::new();
        for right in rights.split(',').map(str::trim) {
            if !["join", "publish", "history"].contains(&right) {
                return Err(format!(
                    "--room {room}: no such right: {right:?}; rights are join, publish and history"
                ));
            }
            list.push(json!(right));
        }
        claim.insert(pattern.to_owned(), Value::Array(list));
    }
    RoomRights::read(&claim)?;
    Ok(claim)
}

fn signing_key(
    file: Option<&Path>,
    auth: &AuthConfig,
) -> Result<(Algorithm, EncodingKey), Box<dyn std::error::Error>> {
    let Some(path) = file else {
        let secret = auth.jwt_secret.as_ref().ok_or(
            "there is nothing to sign with: set AUTH_JWT_SECRET, or name a private key with \
             --key-file",
        )?;
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        return Ok((Algorithm::HS256, key));
    };
    let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let rsa = || Some((Algorithm::RS256, EncodingKey::from_rsa_pem(&pem).ok()?));
    let ec = || Some((Algorithm::ES256, EncodingKey::from_ec_pem(&pem).ok()?));
    let ed = || Some((Algorithm::EdDSA, EncodingKey::from_ed_pem(&pem).ok()?));
    rsa().or_else(ec).or_else(ed).ok_or_else(|| {
        let path = path.display();
        format!("{path}: is no private key in PEM form (RSA, P-256 or Ed25519, PKCS #8)").into()
    })
}

fn revoke(user: &str, config: &Config) -> Outcome {
    let user = UserId::parse(user, config.limits.id_bytes)?;
    let settings = redis_settings(&config.redis)
        .ok_or("revocations reach the nodes through Redis: set REDIS_URL as they have it")?;
    let until = Timestamp(u64::try_from(since_1970().as_millis())?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let redis = Redis::connect(&settings).await?;
        revoke_in(&redis, &user, until).await?;
        redis.close().await;
        Ok(format!(
            "{user} is shut out; what is signed from now on counts\n"
        ))
    })
}

fn inspect(token: Option<&str>, config: &Config) -> Outcome {
    let token = match token {
        Some(token) => token.trim().to_owned(),
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text.trim().to_owned()
        }
    };
    let header = jsonwebtoken::decode_header(&token).map_err(|_| "this is no token")?;
    let claims: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode(&token)
        .map_err(|_| "this is no token")?
        .claims;
    let mut text = String::new();
    writeln!(text, "algorithm  {:?}", header.alg)?;
    if let Some(kid) = header.kid {
        writeln!(text, "key        {kid}")?;
    }
    for (name, value) in &claims {
        let shown = match (name.as_str(), value.as_f64()) {
            ("exp" | "iat" | "nbf", Some(seconds)) => format!("{value} ({})", when(seconds)),
            _ => value.to_string(),
        };
        writeln!(text, "{name:<10} {shown}")?;
    }
    let verdict = match config.auth.has_key() {
        false => "not checked: no key is set (AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY_FILE or AUTH_JWT_JWKS_FILE)".into(),
        true => match token_authenticator(config)?.check(&token) {
            Ok(identity) => format!("good: would be let in as {}", identity.user),
            Err(why) => format!("refused: {why}"),
        },
    };
    writeln!(text, "verdict    {verdict}")?;
    Ok(text)
}

fn when(seconds: f64) -> String {
    let from_now = seconds - since_1970().as_secs_f64();
    let span = Duration::from_secs(from_now.abs() as u64);
    let (hours, minutes, secs) = (
        span.as_secs() / 3600,
        span.as_secs() / 60 % 60,
        span.as_secs() % 60,
    );
    match from_now >= 0.0 {
        true => format!("in {hours}:{minutes:02}:{secs:02}"),
        false => format!("{hours}:{minutes:02}:{secs:02} ago"),
    }
}

fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn config() -> Config {
        let mut config = Config::default();
        config.auth.jwt_secret = Some(Secret::new("a secret that is long enough to be one"));
        config.auth.jwt_audience = Some("rtm".into());
        config
    }

    fn new(rooms: &[&str]) -> TokenCommand {
        TokenCommand::New(NewToken {
            user: "ada".into(),
            ttl: Duration::from_secs(60),
            rooms: rooms.iter().map(|room| (*room).to_owned()).collect(),
            key_file: None,
        })
    }

    fn inspect(token: &str, config: &Config) -> String {
        let token = Some(token.to_owned());
        run(&TokenCommand::Inspect { token }, config).unwrap()
    }

    #[test]
    fn what_is_made_is_good() {
        let token = run(&new(&["team-*=join, publish", "a=b=history"]), &config()).unwrap();
        let shown = inspect(&token, &config());
        assert!(shown.contains("good: would be let in as ada"), "{shown}");
        assert!(shown.contains(r#""team-*":["join","publish"]"#), "{shown}");
        assert!(shown.contains(r#""a=b":["history"]"#), "{shown}");
        assert!(shown.contains("in 0:0"), "{shown}");
        let other = Config::default();
        assert!(inspect(&token, &other).contains("not checked"));
        let mut other = config();
        other.auth.jwt_audience = Some("other".into());
        assert!(inspect(&token, &other).contains("refused: the token is meant"));
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let refused =
            |command: &TokenCommand, config: &Config| run(command, config).unwrap_err().to_string();
        assert!(refused(&new(&["lobby"]), &config()).contains("PATTERN=RIGHTS"));
        assert!(refused(&new(&["lobby=fly"]), &config()).contains("no such right"));
        assert!(refused(&new(&[]), &Config::default()).contains("AUTH_JWT_SECRET"));
        let token = Some("no token".to_owned());
        let inspect = TokenCommand::Inspect { token };
        assert!(refused(&inspect, &config()).contains("no token"));
    }
}
