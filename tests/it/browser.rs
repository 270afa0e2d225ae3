//! The page of the example report in a real browser: nothing is asked of the network, nothing is complained of, every text
//! can be read, in light, in dark and on a phone.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

use crate::rig::Rig;

/// A browser without a screen, spoken to through two pipes.
struct Browser {
    child: Child,
    commands: File,
    answers: BufReader<File>,
    session: Option<String>,
    sent: u64,
    /// What it told without being asked.
    events: Vec<Value>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Chromium, wherever it is called what it is called.
fn program() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|path| path.is_file());
    found.expect("there is no Chromium: tests/run installs it")
}

impl Browser {
    fn open(folder: &Path) -> Self {
        let (commands, answers) = (folder.join("commands"), folder.join("answers"));
        assert!(Command::new("mkfifo").args([&commands, &answers]).status().expect("mkfifo runs").success());
        // Chromium reads commands from its third file and writes answers to its fourth.
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec "$@" 3<"$0/commands" 4>"$0/answers""#]).arg(folder).arg(program());
        shell.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        shell.args(["--hide-scrollbars", "--remote-debugging-pipe"]);
        shell.arg(format!("--user-data-dir={}", folder.join("profile").display())).env("HOME", folder);
        let child = shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let commands = File::options().write(true).open(commands).expect("a pipe");
        let answers = BufReader::new(File::open(answers).expect("a pipe"));
        let mut browser = Self { child, commands, answers, session: None, sent: 0, events: Vec::new() };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let session = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).expect("it answers");
        assert_eq!(message.pop(), Some(0), "the browser went away");
        serde_json::from_slice(&message).expect("JSON")
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.commands.write_all(&text).expect("it listens");
        loop {
            let message = self.read();
            if message["id"] == json!(self.sent) {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// Loads a page and gives what it was told meanwhile.
    fn load(&mut self, page: &Path, width: u32, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of an expression of the page.
    fn ask(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].clone()
    }

    fn picture(&mut self, file: &Path) {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().expect("text"));
        std::fs::write(file, bytes.expect("base64")).expect("written");
    }

    /// What was asked of the network, and what was complained of.
    fn faults(&self) -> Vec<String> {
        let fault = |event: &Value| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str()?;
                    (!url.starts_with("file://") && !url.starts_with("data:")).then(|| format!("asked for {url}"))
                }
                "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => Some(params.to_string()),
                "Log.entryAdded" => Some(params["entry"]["text"].to_string()),
                _ => None,
            }
        };
        let files = self.events.iter().filter(|event| {
            event["method"] == "Network.requestWillBeSent"
                && event["params"]["request"]["url"].as_str().is_some_and(|url| url.starts_with("file://"))
        });
        let more = (files.count() > 1).then(|| "asked for a second file".to_owned());
        self.events.iter().filter_map(fault).chain(more).collect()
    }
}

/// Texts that lie over each other, as `one | other`.
const OVERLAPS: &str = r#"(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    if (!text || node.parentElement.closest("script, style, title") || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    // The room of a font above and below its letters is no text.
    for (const box of range.getClientRects()) {
      const slack = box.height * 0.22;
      if (box.width > 1) found.push({ text, left: box.left, right: box.right, top: box.top + slack, bottom: box.bottom - slack });
    }
  }
  const over = [];
  found.forEach((a, index) => {
    for (const b of found.slice(index + 1)) {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) over.push(`${a.text} | ${b.text}`);
    }
  });
  if (found.length < 30) over.push(`only ${found.length} texts`);
  return over;
})()"#;

/// Texts of HTML whose contrast is below 4.5 to 1.
const FAINT: &str = r#"(() => {
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return Array.from(document.querySelectorAll("body *"))
    .filter((element) => !element.closest("svg, script") && element.checkVisibility())
    .filter((element) => Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((element) => {
      const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    })
    .map((element) => element.outerHTML.slice(0, 80));
})()"#;

/// Letters of pictures that are drawn smaller than nine pixels, and tables of alerts that have to be pushed aside.
const SMALL: &str = r#"(() => {
  const small = Array.from(document.querySelectorAll("figure svg"))
    .filter((svg) => svg.checkVisibility())
    .flatMap((svg) => Array.from(svg.querySelectorAll("text"), (text) => {
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      return [text.textContent, parseFloat(getComputedStyle(text).fontSize) * scale];
    }))
    .filter(([, size]) => size < 9).map(([text, size]) => `${text} ${size}`);
  const pushed = Array.from(document.querySelectorAll("table.alerts"), (table) => table.parentElement)
    .filter((scroll) => scroll.scrollWidth > scroll.clientWidth).map(() => "alerts");
  return small.concat(pushed);
})()"#;

/// Whether letters of Hangul are drawn, and not one box for all of them.
const HANGUL: &str = r#"(() => {
  const drawn = (letter) => {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    pen.font = getComputedStyle(document.body).font;
    pen.fillText(letter, 4, 30);
    return canvas.toDataURL();
  };
  return new Set(["간", "글", "보", "주", "차"].map(drawn)).size === 5;
})()"#;

/// Sorts the last table by its last column both ways; gives the cells of that column before and after, and its state.
const SORTED: &str = r#"(() => {
  const table = Array.from(document.querySelectorAll("table.rows")).at(-1);
  const cells = () => Array.from(table.tBodies[0].rows, (row) => row.cells[1].textContent);
  const head = table.tHead.rows[0].cells[1];
  const told = [cells()];
  for (let click = 0; click < 2; click += 1) {
    head.querySelector("button").click();
    told.push(cells(), head.getAttribute("aria-sort"));
  }
  return told;
})()"#;

/// What a click on the last button saves.
const SAVED: &str = r##"(async () => {
  let saved = null;
  URL.createObjectURL = (blob) => { saved = blob; return "#"; };
  const button = Array.from(document.querySelectorAll("button[data-file]")).at(-1);
  button.click();
  return [button.dataset.file, await saved.text()];
})()"##;

#[test]
#[ignore = "needs Chromium: run tests/run"]
fn the_page_of_the_example_is_read_in_a_browser() {
    let rig = Rig::new().file("shop.toml", include_str!("../../config.example.toml"));
    rig.run(&["--config", "shop.toml", "report", "weekly", "-o", "weekly.html"]).exits(0);
    let page = rig.path().join("weekly.html");
    let mut browser = Browser::open(rig.path());
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(&pictures).expect("a folder");
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")] {
        browser.load(&page, width, scheme);
        assert_eq!(browser.faults(), Vec::<String>::new(), "{width} {scheme}");
        assert_eq!(browser.ask(OVERLAPS), json!([]), "{width} {scheme}: texts lie over each other");
        assert_eq!(browser.ask(FAINT), json!([]), "{width} {scheme}: texts are too faint");
        assert_eq!(browser.ask(SMALL), json!([]), "{width} {scheme}: too small, or too wide");
        assert_eq!(browser.ask(HANGUL), json!(true), "Hangul is drawn");
        assert_eq!(browser.ask("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}: too wide");
        browser.picture(&pictures.join(format!("weekly-{width}-{scheme}.png")));
    }
    assert_eq!(
        browser.ask(SORTED),
        json!([["120", "45"], ["45", "120"], "ascending", ["120", "45"], "descending"]),
        "numbers are sorted as numbers"
    );
    assert_eq!(
        browser.ask(SAVED),
        json!(["weekly-5-한국의-주문.csv", "id,amount,paid_at\r\n1,120,2026-11-18\r\n3,45,2026-11-20\r\n"])
    );
    assert_eq!(browser.faults(), Vec::<String>::new(), "after the clicks");
}

/// Charts of every kind, with alerts below that were judged.
const CHARTS: &str = r#"timezone = "Asia/Seoul"
[sources.shop]
url = "sqlite:shop.db"
[alerts.an_alert_with_a_long_name_that_fires]
description = "Orders that somebody should look at before noon"
source = "shop"
sql = "select n from sales where n < 3"
when = "n = 1"
severity = "critical"
[reports.all]
title = "모든 그림"
[[reports.all.sections]]
title = "Line"
source = "shop"
sql = "select date('2026-01-01', n || ' days') as day, case when n between 30 and 40 then null else 800 + n * 37 % 211 end as seoul, 500 + n * 53 % 173 as busan from sales where n < 89"
chart = { kind = "line", unit = "₩", threshold = "goal:900" }
[[reports.all.sections]]
title = "Area"
source = "shop"
sql = "select date('2024-01-01', n || ' months') as month, 3000 + n * 100 as web, 1000 + n * 180 as app, 2500 - n * 40 as store from sales where n < 24"
chart = { kind = "area", stacked = true, unit = "€" }
[[reports.all.sections]]
title = "Bars"
source = "shop"
sql = "select 'Q' || (n + 1) as quarter, 40 + n * 7 as KR, 30 + n * 3 as JP, 55 - n * 2 as US from sales where n < 8"
chart = { kind = "bar", unit = "M" }
[[reports.all.sections]]
title = "Lying bars"
source = "shop"
sql = "select case n % 3 when 0 then '서울특별시 강남구 ' when 1 then '東京都渋谷区 ' else 'Berlin Mitte ' end || n as place, 100 * n * n % 977 as orders from sales where n < 12"
chart = { kind = "bar", horizontal = true }
[[reports.all.sections]]
title = "Scatter"
source = "shop"
sql = "select 55 + n % 2 * 12 + n * 7 % 20 as weight, 160 + n % 2 * 10 + n * 11 % 20 as height, case n % 2 when 0 then 'a' else 'b' end as kind from sales where n < 200"
chart = { kind = "scatter", x = "weight", y = "height", series = "kind" }
[[reports.all.sections]]
title = "Donut"
source = "shop"
sql = "select case n when 0 then '한국' when 1 then '日本' when 2 then 'a country with a long name' else 'USA' end as country, (4 - n) * (5 - n) * 1000000 as amount from sales where n < 4"
chart = { kind = "donut", unit = "₩" }
[[reports.all.sections]]
title = "Heatmap"
source = "shop"
sql = "select n % 24 as hour, case n / 24 when 0 then '월' when 1 then '화' when 2 then '수' when 3 then '목' else '금' end as weekday, n * 31 % 60 as orders from sales where n < 120"
chart = { kind = "heatmap", x = "hour", y = "weekday", value = "orders" }
[[reports.all.sections]]
title = "Boxes"
source = "shop"
sql = "select case n % 4 when 0 then 'KR' when 1 then 'JP' when 2 then 'US' else 'DE' end as country, n * 37 % 500 + 100 * (n % 4) + (n % 97 = 0) * 700 as amount from sales where n < 400"
chart = { kind = "box", unit = "₩" }
[[reports.all.sections]]
title = "Alerts"
alerts = "*"
"#;

#[test]
#[ignore = "needs Chromium: run tests/run"]
fn charts_of_every_kind_are_read_on_a_phone() {
    let rig = Rig::new().catalogue(CHARTS);
    rig.sqlite(
        "shop.db",
        "create table sales as with recursive d(n) as (select 0 union all select n + 1 from d where n < 399) select n from d",
    );
    rig.run(&["check", "--notify"]).exits(1);
    rig.run(&["report", "all", "-o", "all.html"]).exits(0);
    let page = rig.path().join("all.html");
    let mut browser = Browser::open(rig.path());
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    std::fs::create_dir_all(&pictures).expect("a folder");
    for (width, scheme) in [(1280, "light"), (720, "light"), (375, "light"), (375, "dark")] {
        browser.load(&page, width, scheme);
        assert_eq!(browser.faults(), Vec::<String>::new(), "{width} {scheme}");
        assert_eq!(browser.ask(OVERLAPS), json!([]), "{width} {scheme}: texts lie over each other");
        assert_eq!(browser.ask(SMALL), json!([]), "{width} {scheme}: too small, or too wide");
        assert_eq!(browser.ask("document.documentElement.scrollWidth <= innerWidth"), json!(true), "{width}: too wide");
        browser.picture(&pictures.join(format!("all-{width}-{scheme}.png")));
    }
}
