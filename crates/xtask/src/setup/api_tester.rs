//! `schemathesis`, which tests the HTTP API against its description, in a Python environment of its own.

use anyhow::Result;

use super::python;
use crate::workspace::Workspace;

/// Every package with its version, so that the same requests are made everywhere.
const REQUIREMENTS: &str = "tests/api-tester/requirements.txt";

/// Makes sure that the API can be tested.
pub fn ensure_api_tester(workspace: &Workspace) -> Result<()> {
    python::ensure_environment(workspace, "schemathesis", REQUIREMENTS).map(drop)
}
