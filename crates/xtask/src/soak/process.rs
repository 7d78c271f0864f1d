//! What Linux says about a running process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Ticks of processor time in a second, as Linux shows them to programs on every machine that matters here.
const TICKS_PER_SECOND: f64 = 100.0;

/// Whether there is anything to read.
pub fn is_watchable() -> bool {
    Path::new("/proc/self/fd").exists()
}

/// A process at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessState {
    /// Bytes of physical memory.
    pub resident: f64,
    /// Those of them that no file stands behind, which is what the program has asked for and not given back.
    pub anonymous: f64,
    pub descriptors: f64,
    pub threads: f64,
    /// Processor time since the start, in seconds.
    pub cpu: f64,
}

impl ProcessState {
    /// Looks at the process of this id.
    pub fn of(pid: u32) -> Result<Self> {
        let status = read(&folder(pid).join("status"))?;
        let number = |name| number_in(&status, name).with_context(|| format!("the system tells no {name} of {pid}"));
        let kib = 1024.0;
        Ok(Self {
            resident: number("VmRSS:")? * kib,
            anonymous: number("RssAnon:")? * kib,
            threads: number("Threads:")?,
            descriptors: fs::read_dir(folder(pid).join("fd"))?.count() as f64,
            cpu: cpu_in(&read(&folder(pid).join("stat"))?).context("the system tells no processor time")?,
        })
    }
}

/// Open descriptors by what they lead to, such as `socket`.
pub fn open_descriptors(pid: u32) -> Result<BTreeMap<String, usize>> {
    let mut kinds = BTreeMap::new();
    for entry in fs::read_dir(folder(pid).join("fd"))? {
        // Some are closed while one looks.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        *kinds.entry(kind_of(&target.to_string_lossy())).or_default() += 1;
    }
    Ok(kinds)
}

/// Bytes that a folder takes on its disk.
pub fn bytes_below(folder: &Path) -> Result<f64> {
    let mut bytes = 0.0;
    let mut pending = vec![folder.to_path_buf()];
    while let Some(folder) = pending.pop() {
        // Snapshots and segments come and go while one looks.
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => pending.push(entry.path()),
                Ok(metadata) => bytes += metadata.len() as f64,
                Err(_) => {}
            }
        }
    }
    Ok(bytes)
}

fn folder(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read; has the program ended?", file.display()))
}

/// The number on the line of this name.
fn number_in(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time are the 12th and 13th field after the program's name, which may hold anything in parentheses.
fn cpu_in(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    (ticks.len() == 2).then(|| ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// `socket:[1234]` is a socket; of a file, the path tells which.
fn kind_of(target: &str) -> String {
    match target.split_once(":[") {
        Some((kind, number)) if number.trim_end_matches(']').bytes().all(|byte| byte.is_ascii_digit()) => {
            kind.to_owned()
        }
        _ => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ProcessState, cpu_in, is_watchable, kind_of, open_descriptors};

    #[test]
    fn descriptors_are_told_by_their_kind() {
        assert_eq!(kind_of("socket:[40213]"), "socket");
        assert_eq!(kind_of("anon_inode:[eventpoll]"), "anon_inode:[eventpoll]");
        assert_eq!(kind_of("/data/0.log"), "/data/0.log");
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 4 0";
        assert_eq!(cpu_in(stat), Some(2.0));
        assert_eq!(cpu_in("7 (a"), None);
    }

    #[test]
    fn an_opened_file_shows() -> anyhow::Result<()> {
        if !is_watchable() {
            return Ok(());
        }
        let file = tempfile::NamedTempFile::new()?;
        let own = std::process::id();
        let name = file.path().display().to_string();
        assert_eq!(open_descriptors(own)?.get(&name), Some(&1));
        let state = ProcessState::of(own)?;
        assert!(state.resident >= state.anonymous && state.anonymous > 0.0, "{state:?}");
        assert!(state.descriptors >= 4.0 && state.threads >= 1.0, "{state:?}");
        Ok(())
    }
}
