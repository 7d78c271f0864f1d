//! The preloaded disk and clock fail as they are told to, and only there; and a power cut takes what was not durable.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use worldloom_tests::Outcome;
use worldloom_tests::chaos::faults::power::Lost;
use worldloom_tests::chaos::faults::preload::{Controls, DiskFault};

struct Bench {
    place: tempfile::TempDir,
    controls: Controls,
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let folder = place.path().join("disk");
        fs::create_dir(&folder)?;
        fs::create_dir(place.path().join("elsewhere"))?;
        let controls = Controls::new(place.path(), "bench", &folder.canonicalize()?)?;
        Ok(Self { place, controls })
    }

    /// Writes a file durably with another program.
    fn write(&self, file: &str) -> anyhow::Result<Output> {
        let target = format!("of={}", self.place.path().join(file).display());
        self.run(Command::new("dd").args(["if=/dev/zero", "bs=1000", "count=1", "conv=fsync", &target]))
    }

    /// Runs a script beside the disk, as a program that is killed right after it.
    fn script(&self, script: &str) -> Outcome {
        let output = self.run(Command::new("sh").args(["-e", "-c", script]).current_dir(self.place.path()))?;
        anyhow::ensure!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// What is in a file after the power was cut.
    #[track_caller]
    fn expect(&self, file: &str, content: &str) {
        assert_eq!(fs::read_to_string(self.path(file)).unwrap(), content, "{file}");
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
        let before = bench.controls.bites()?;
        let output = bench.write("disk/broken")?;
        assert!(bench.controls.bites()? > before, "{fault:?} is not counted");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(reason), "{fault:?}: {said}");
        assert!(bench.write("elsewhere/sound")?.status.success(), "{fault:?}");
    }
    let torn = fs::metadata(bench.path("disk/broken"))?.len();
    assert_eq!(torn, 500, "bytes of 1000 that have arrived");
    bench.controls.set_disk(DiskFault::None)?;
    assert!(bench.write("disk/sound")?.status.success());
    Ok(())
}

#[test]
fn a_power_cut_takes_what_was_not_made_durable_and_nothing_else() -> Outcome {
    let bench = Bench::new()?;
    bench.script("printf before > disk/before")?;
    bench.controls.set_disk(DiskFault::Volatile)?;
    bench.script("printf durable > disk/kept; sync disk/kept; printf ', and lost' >> disk/kept")?;
    bench.script("printf lost > disk/lost; printf elsewhere > elsewhere/kept")?;
    bench.script("printf 0123456789 > disk/patched; sync disk/patched")?;
    bench.script("printf ABC | dd of=disk/patched conv=notrunc bs=1 seek=4")?;
    bench.script("printf 0123456789 > disk/cut; sync -d disk/cut; truncate -s 2 disk/cut; printf XX >> disk/cut")?;
    bench.expect("disk/kept", "durable, and lost");
    bench.expect("disk/patched", "0123ABC789");
    bench.expect("disk/cut", "01XX");

    let lost = bench.controls.lose_unsynced()?;
    bench.expect("disk/before", "before");
    bench.expect("disk/kept", "durable");
    bench.expect("disk/lost", "");
    bench.expect("disk/patched", "0123456789");
    bench.expect("disk/cut", "0123456789");
    bench.expect("elsewhere/kept", "elsewhere");
    assert_eq!((lost.files, lost.changes >= 4), (4, true), "{lost}");
    assert_eq!(bench.controls.lose_unsynced()?, Lost::default(), "nothing is lost twice");
    Ok(())
}

#[test]
fn a_file_that_is_renamed_before_it_is_durable_is_empty_after_a_power_cut() -> Outcome {
    let bench = Bench::new()?;
    bench.controls.set_disk(DiskFault::Volatile)?;
    bench.script("printf whole > disk/a.part; sync disk/a.part; mv disk/a.part disk/a")?;
    bench.script("printf whole > disk/b.part; mv disk/b.part disk/b")?;
    bench.script("printf gone > disk/c; rm disk/c")?;
    bench.controls.lose_unsynced()?;
    bench.expect("disk/a", "whole");
    bench.expect("disk/b", "");
    assert!(!bench.path("disk/c").exists());
    Ok(())
}

#[test]
fn what_was_written_before_the_disk_was_volatile_stays() -> Outcome {
    let bench = Bench::new()?;
    bench.controls.set_disk(DiskFault::Volatile)?;
    bench.script("printf one > disk/log")?;
    bench.controls.set_disk(DiskFault::None)?;
    bench.script("printf two >> disk/log")?;
    // What the journal has of before is no longer about the end of the file.
    bench.controls.set_disk(DiskFault::Volatile)?;
    bench.script("printf three >> disk/log")?;
    bench.controls.lose_unsynced()?;
    bench.expect("disk/log", "onetwo");
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
