//! The page in a real browser, in both colour schemes.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::rig::{Server, bench};

#[test]
fn the_page_is_shown_in_light_and_in_dark() {
    let chromium = env::var_os("RTM_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !Path::new(&chromium).is_file() {
        let must = env::var_os("RTM_REQUIRE_ALL").is_some();
        assert!(!must, "there is no chromium, and no test may be left out");
        eprintln!("LEFT OUT: there is no chromium; install it, or run tests/all.sh");
        return;
    }
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let load = "fanout --rooms 2 --rate 50 --duration 3s --ramp 100ms";
    let (url, pid) = (&server.url, server.pid());
    bench(&format!(
        "{load} --url {url} --server-pid {pid} --html {}",
        path.display()
    ))
    .with(0);
    // What the browser makes of it: the colours come from its scheme, the plots have a size.
    let page = std::fs::read_to_string(&path).unwrap();
    let asks = "<script>document.title = [getComputedStyle(document.body).backgroundColor, \
        document.querySelectorAll('svg').length, \
        [...document.querySelectorAll('svg')].every((it) => it.getBoundingClientRect().height > 100), \
        document.documentElement.scrollWidth <= innerWidth].join(' ')</script></body>";
    std::fs::write(&path, page.replace("</body>", asks)).unwrap();
    let title = |flags: &[&str]| {
        let output = Command::new(&chromium)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .args(flags)
            .arg(format!("file://{}", path.display()))
            .output()
            .unwrap();
        let dom = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, rest) = dom.split_once("<title>").expect("there is a title");
        rest.split("</title>").next().unwrap_or_default().to_owned()
    };
    assert_eq!(title(&[]), "rgb(255, 255, 255) 5 true true");
    let dark = title(&["--blink-settings=preferredColorScheme=0"]);
    assert_eq!(dark, "rgb(20, 24, 29) 5 true true");
    let narrow = title(&["--window-size=400,800"]);
    assert!(narrow.ends_with("true true"), "{narrow}");
}
