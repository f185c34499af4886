//! Makes the stream and joins the namespace.

use std::net::{IpAddr, SocketAddr};

use futures_util::{SinkExt, StreamExt};
use rtm_protocol::{ConnectRefusal, ErrorCode};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

use crate::error::ClientError;
use crate::options::ConnectOptions;
use crate::packet::{self, Opened, Packet};

pub(super) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn dial(
    url: &str,
    options: &ConnectOptions,
) -> Result<(Stream, Opened), ClientError> {
    let address = websocket_url(url)?;
    let tcp = connect(&address, options).await?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_message_size(Some(options.message_bytes_max))
        .max_frame_size(Some(options.message_bytes_max));
    let (mut stream, _) = client_async_tls_with_config(address.as_str(), tcp, Some(config), None)
        .await
        .map_err(cannot)?;
    let opened = match packet::read(&next(&mut stream).await?) {
        Some(Packet::Open(opened)) => opened,
        _ => {
            return Err(ClientError::protocol(
                "it does not open an Engine.IO session",
            ));
        }
    };
    let connect = packet::connect(options.token.as_deref());
    stream.send(Message::text(connect)).await.map_err(cannot)?;
    loop {
        match packet::read(&next(&mut stream).await?) {
            Some(Packet::Connected) => return Ok((stream, opened)),
            Some(Packet::Refused(message)) => return Err(refused(&message)),
            Some(Packet::Ping) => {
                let pong = Message::text(packet::PONG);
                stream.send(pong).await.map_err(cannot)?;
            }
            Some(Packet::Other) => {}
            _ => return Err(ClientError::protocol("it does not answer CONNECT")),
        }
    }
}

fn websocket_url(url: &str) -> Result<Url, ClientError> {
    let bad = || ClientError::Url(url.to_owned());
    let mut address = Url::parse(url).map_err(|_| bad())?;
    let scheme = match address.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        _ => return Err(bad()),
    };
    address.set_scheme(scheme).map_err(|()| bad())?;
    if address.path() == "/" {
        address.set_path("/socket.io/");
    }
    address
        .query_pairs_mut()
        .append_pair("EIO", "4")
        .append_pair("transport", "websocket");
    Ok(address)
}

async fn connect(address: &Url, options: &ConnectOptions) -> Result<TcpStream, ClientError> {
    let from = options.local_address;
    if let Some(to) = options.address {
        let stream = connect_to(to, from).await.map_err(cannot)?;
        stream.set_nodelay(true).map_err(cannot)?;
        return Ok(stream);
    }
    let host = address.host_str().unwrap_or_default();
    // An address of the sixth version stands in brackets in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = address.port_or_known_default().unwrap_or(80);
    let mut failed = ClientError::Connect(format!("no address for {host}").into());
    for to in lookup_host((host, port)).await.map_err(cannot)? {
        match connect_to(to, from).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(cannot)?;
                return Ok(stream);
            }
            Err(error) => failed = cannot(error),
        }
    }
    Err(failed)
}

async fn connect_to(to: SocketAddr, from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    socket.connect(to).await
}

async fn next(stream: &mut Stream) -> Result<String, ClientError> {
    while let Some(message) = stream.next().await {
        match message.map_err(cannot)? {
            Message::Text(text) => return Ok(text.as_str().to_owned()),
            Message::Close(_) => break,
            _ => {}
        }
    }
    Err(ClientError::Connect("the stream ended".into()))
}

fn refused(message: &str) -> ClientError {
    // Other servers refuse in their own words.
    let refusal = serde_json::from_str(message).unwrap_or_else(|_| ConnectRefusal {
        code: ErrorCode::Forbidden,
        message: message.to_owned(),
    });
    ClientError::Refused(refusal)
}

fn cannot(error: impl std::fmt::Display) -> ClientError {
    ClientError::Connect(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_the_socket() {
        let url = |text| websocket_url(text).map(String::from).ok();
        assert_eq!(
            url("http://h:1").as_deref(),
            Some("ws://h:1/socket.io/?EIO=4&transport=websocket")
        );
        assert_eq!(
            url("https://h/app/?a=b").as_deref(),
            Some("wss://h/app/?a=b&EIO=4&transport=websocket")
        );
        for bad in ["", "h:1", "ftp://h", "http://"] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }
}
