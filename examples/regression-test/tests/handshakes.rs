//! Every capture in `captures/` against the expectation beside it. A new one is recorded with
//! `tcpdump -w captures/NAME.pcapng` and `tlswhy check --new captures/NAME.pcapng`.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;

use tlswhy::capture::Reader;
use tlswhy::report::check::Expectations;
use tlswhy::{Options, analyze};

#[test]
fn handshakes_end_as_expected() -> Result<(), Box<dyn Error>> {
    let mut checked = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let expected =
            Expectations::parse(&fs::read_to_string(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let report = analyze(Reader::new(File::open(path.with_extension("pcapng"))?), &Options::default())?;
        for capture in &expected.captures {
            for keys in capture.views() {
                let result = capture.compare(keys, &report.sessions);
                assert!(result.is_met(), "{}:\n{result}", path.display());
            }
        }
        checked += 1;
    }
    assert!(checked > 0, "there is nothing to check");
    Ok(())
}
