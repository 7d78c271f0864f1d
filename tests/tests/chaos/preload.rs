//! The preloaded disk and clock fail as they are told to, and only there.

use std::path::Path;
use std::process::{Command, Output};

use worldloom_tests::Outcome;
use worldloom_tests::chaos::faults::preload::{Controls, DiskFault};

struct Bench {
    place: tempfile::TempDir,
    controls: Controls,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let folder = place.path().join("disk");
        std::fs::create_dir(&folder)?;
        std::fs::create_dir(place.path().join("elsewhere"))?;
        let controls = Controls::new(place.path(), "bench", &folder.canonicalize()?)?;
        Ok(Self { place, controls })
    }

    /// Writes a file durably with another program.
    fn write(&self, file: &str) -> anyhow::Result<Output> {
        let target = format!("of={}", self.place.path().join(file).display());
        self.run(Command::new("dd").args(["if=/dev/zero", "bs=1000", "count=1", "conv=fsync", &target]))
    }

    fn run(&self, command: &mut Command) -> anyhow::Result<Output> {
        Ok(command.env("LC_ALL", "C").envs(self.controls.environment()).output()?)
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        Path::new(self.place.path()).join(file)
    }
}

#[test]
fn the_disk_fails_on_demand_and_within_its_folder_only() -> Outcome {
    let bench = Bench::new()?;
    assert!(bench.write("disk/sound")?.status.success());
    for (fault, reason) in [
        (DiskFault::Writes, "Input/output error"),
        (DiskFault::Full, "No space left on device"),
        (DiskFault::Syncs, "Input/output error"),
        (DiskFault::Tears, "Input/output error"),
    ] {
        bench.controls.set_disk(fault)?;
        let output = bench.write("disk/broken")?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "{fault:?}: {said}");
        assert!(bench.write("elsewhere/sound")?.status.success(), "{fault:?}");
    }
    let torn = std::fs::metadata(bench.path("disk/broken"))?.len();
    assert_eq!(torn, 500, "bytes of 1000 that have arrived");
    bench.controls.set_disk(DiskFault::None)?;
    assert!(bench.write("disk/sound")?.status.success());
    Ok(())
}

#[test]
fn the_clock_jumps_on_demand() -> Outcome {
    let mut bench = Bench::new()?;
    if !bench.controls.set_clock_on(86_400)? {
        println!("skipped: libfaketime is not installed");
        return Ok(());
    }
    let now = |bench: &Bench| -> anyhow::Result<i64> {
        let output = bench.run(Command::new("date").arg("+%s"))?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    let today: i64 = std::time::UNIX_EPOCH.elapsed()?.as_secs().try_into()?;
    let tomorrow = now(&bench)?;
    assert!((tomorrow - today - 86_400).abs() < 600, "{tomorrow} is not a day after {today}");
    bench.controls.set_clock_on(-86_400)?;
    let again = now(&bench)?;
    assert!((again - today).abs() < 600, "{again} is not {today}");
    Ok(())
}
