//! A small disk of its own for each program, which can be filled to the last byte: a `tmpfs` where root can mount one.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Size of the disk.
const SIZE: &str = "size=192m";
const BALLAST: &str = "ballast";

/// A folder that is a disk, or only a folder where nothing can be mounted.
pub struct SmallDisk {
    folder: TempDir,
    is_mounted: bool,
}

impl SmallDisk {
    /// An empty disk.
    pub fn mount() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "worldloom-chaos"]).arg(folder.path());
        let is_mounted = mount.output().is_ok_and(|done| done.status.success());
        Ok(Self { folder, is_mounted })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all space but `left` bytes; false where there is no disk to fill.
    pub fn fill(&self, left: u64) -> anyhow::Result<bool> {
        if !self.is_mounted {
            return Ok(false);
        }
        let mut ballast = File::create(self.ballast())?;
        let block = vec![0; 64 * 1024];
        while ballast.write_all(&block).is_ok() {}
        let length = ballast.metadata()?.len();
        ballast.set_len(length.saturating_sub(left))?;
        Ok(true)
    }

    /// Gives the space back.
    pub fn clear(&self) -> anyhow::Result<()> {
        match fs::remove_file(self.ballast()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join(BALLAST)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            // Programs that still use it have been killed by now; should one be left, the system waits for its end.
            let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
        }
    }
}
