//! `demo`.
use anyhow::Result;
/// Demo
#[derive(Debug, Clone, clap::Args)]
pub struct Demo {}
impl Demo {
    /// x
    pub async fn run(&self) -> Result<()> {
        Ok(())
    }
}
