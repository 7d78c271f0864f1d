//! Libraries that are loaded before a program's own, and give it a disk and a clock that fail on demand.
//!
//! The clock is Debian's `libfaketime`. The disk is `tests/chaos/faulty_disk.c`: what the system itself has for this
//! (device mapper, `FS_IOC_SHUTDOWN`) takes root and a kernel with it, and fails whole file systems.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

use super::power::{self, Lost};

const DISK_SOURCE: &str = include_str!("../../../chaos/faulty_disk.c");
/// Where `libfaketime` may lie.
const CLOCK_LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// Bytes of a disk's control: the fault, and from the ninth on how often it has shown.
const CONTROL_BYTES: usize = 16;

/// How writing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DiskFault {
    /// Not at all.
    None = b'0',
    /// Nothing can be written.
    Writes = b'w',
    /// Writes arrive in part, then fail.
    Tears = b's',
    /// Nothing can be made durable.
    Syncs = b'f',
    /// No space is left.
    Full = b'n',
    /// Reading waits until the disk is another one.
    Stalled = b'r',
    /// Until it is made durable, what is written can be taken away again: [`Controls::lose_unsynced`].
    Volatile = b'p',
}

/// The controls of one program's disk and clock.
pub struct Controls {
    disk: PathBuf,
    /// What the disk writes down while it is volatile.
    journal: PathBuf,
    clock: Option<PathBuf>,
    /// How far the clock is off, in seconds.
    off_s: i64,
    folder: PathBuf,
    libraries: String,
}

impl Controls {
    /// Controls in `place`, of a program that keeps its data below `folder`.
    pub fn new(place: &Path, name: &str, folder: &Path) -> anyhow::Result<Self> {
        let disk = place.join(format!("{name}.disk"));
        let mut control = [0; CONTROL_BYTES];
        control[0] = DiskFault::None as u8;
        std::fs::write(&disk, control)?;
        let journal = place.join(format!("{name}.journal"));
        std::fs::write(&journal, "")?;
        let mut libraries = disk_library()?.display().to_string();
        let clock_library = CLOCK_LIBRARIES.iter().find(|library| Path::new(library).exists());
        let clock = clock_library.map(|library| {
            libraries.push(':');
            libraries.push_str(library);
            place.join(format!("{name}.clock"))
        });
        if let Some(clock) = &clock {
            std::fs::write(clock, "+0")?;
        }
        Ok(Self { disk, journal, clock, off_s: 0, folder: folder.to_owned(), libraries })
    }

    /// The environment of a program that obeys them.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |path: &Path| path.display().to_string();
        let mut environment = vec![
            ("LD_PRELOAD".to_owned(), self.libraries.clone()),
            ("FAULTY_DISK_CONTROL".to_owned(), path(&self.disk)),
            ("FAULTY_DISK_FOLDER".to_owned(), path(&self.folder)),
            ("FAULTY_DISK_JOURNAL".to_owned(), path(&self.journal)),
        ];
        if let Some(clock) = &self.clock {
            environment.extend([
                ("FAKETIME_TIMESTAMP_FILE".to_owned(), path(clock)),
                // Read the file again within a second, and leave the clock alone that only ever runs forward.
                ("FAKETIME_CACHE_DURATION".to_owned(), "1".to_owned()),
                ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
                // Times of files are those of the disk.
                ("NO_FAKE_STAT".to_owned(), "1".to_owned()),
            ]);
        }
        environment
    }

    /// From now on the disk fails like this.
    pub fn set_disk(&self, fault: DiskFault) -> anyhow::Result<()> {
        if fault == DiskFault::Volatile {
            // What was written down before is not the last that has happened to its file.
            std::fs::write(&self.journal, "")?;
        }
        // In place: the program has mapped this very file.
        let file = std::fs::OpenOptions::new().write(true).open(&self.disk)?;
        Ok(std::os::unix::fs::FileExt::write_all_at(&file, &[fault as u8], 0)?)
    }

    /// How often the program has suffered a fault of its disk so far.
    pub fn bites(&self) -> anyhow::Result<u64> {
        let control = std::fs::read(&self.disk)?;
        let count = control.get(8..CONTROL_BYTES).and_then(|bytes| bytes.try_into().ok());
        count.map(u64::from_ne_bytes).context("the disk's control is cut off")
    }

    /// Takes away what was written while the disk was volatile and not made durable, as a power cut does. The program
    /// must have been killed.
    pub fn lose_unsynced(&self) -> anyhow::Result<Lost> {
        power::lose_unsynced(&self.journal, &self.folder).context("what was not durable cannot be taken away")
    }

    /// How far the clock is off, in seconds; nothing where it cannot be.
    pub fn off_s(&self) -> Option<i64> {
        self.clock.as_ref().map(|_| self.off_s)
    }

    /// Sets the clock forward, or back, by so much, and leaves it there; false where that cannot be done.
    pub fn set_clock_on(&mut self, by_s: i64) -> anyhow::Result<bool> {
        let Some(clock) = &self.clock else { return Ok(false) };
        self.off_s += by_s;
        let off_s = self.off_s;
        // Whole at once, since the program may read at any time.
        let fresh = clock.with_extension("new");
        std::fs::write(&fresh, format!("{off_s:+}"))?;
        std::fs::rename(&fresh, clock)?;
        Ok(true)
    }
}

/// The disk's library, compiled once for each version of its source.
fn disk_library() -> anyhow::Result<PathBuf> {
    let version: String = Sha256::digest(DISK_SOURCE).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/chaos");
    let library = folder.join(format!("faulty_disk-{version}.so"));
    if library.exists() {
        return Ok(library.canonicalize()?);
    }
    std::fs::create_dir_all(&folder)?;
    // Under a name of its own first: another run may be compiling too.
    let fresh = tempfile::NamedTempFile::new_in(&folder)?.into_temp_path();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("chaos/faulty_disk.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut compile = Command::new(compiler);
    compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]).arg(&fresh).arg(source);
    compile.args(["-ldl", "-pthread"]);
    let compiled = compile.output().context("there is no C compiler")?;
    ensure!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    fresh.persist(&library)?;
    Ok(library.canonicalize()?)
}
