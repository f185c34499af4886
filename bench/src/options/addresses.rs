//! Addresses to connect from: a list of them, and of ranges.

use std::net::{IpAddr, Ipv4Addr};

use super::Addresses;

/// More are a mistake.
const ADDRESSES_MAX: usize = 1_024;

pub(super) fn read(text: &str) -> Result<Addresses, String> {
    let mut addresses = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once('-') {
            None => addresses.push(part.parse().map_err(|_| wrong(part))?),
            Some((from, to)) => {
                let address = |text: &str| text.parse::<Ipv4Addr>().map_err(|_| wrong(part));
                let (from, to) = (u32::from(address(from)?), u32::from(address(to)?));
                if from > to || (to - from) as usize >= ADDRESSES_MAX {
                    return Err(wrong(part));
                }
                addresses.extend((from..=to).map(|it| IpAddr::V4(it.into())));
            }
        }
    }
    let first_is_v4 = addresses.first().is_some_and(IpAddr::is_ipv4);
    if addresses.iter().any(|it| it.is_ipv4() != first_is_v4) {
        return Err("all of one version of IP".into());
    }
    if addresses.len() > ADDRESSES_MAX {
        return Err(format!("at most {ADDRESSES_MAX} addresses"));
    }
    Ok(addresses.into())
}

fn wrong(part: &str) -> String {
    format!("{part:?} is neither an address nor a range such as 127.0.0.1-127.0.0.8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_read() {
        let read = |text| read(text).map(|all| all.len());
        assert_eq!(read("127.0.0.1-127.0.0.8"), Ok(8));
        assert_eq!(read("127.0.0.1, 127.0.0.5-127.0.0.6"), Ok(3));
        assert_eq!(read("::1"), Ok(1));
        for bad in [
            "",
            "a",
            "127.0.0.8-127.0.0.1",
            "10.0.0.0-10.9.0.0",
            "::1,127.0.0.1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
