//! Data goes to standard output, or to a file that appears whole or not at all.

use std::io::Write;
use std::path::Path;

use super::failure::Failure;

/// Writes data to standard output.
pub fn print(data: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(data).and_then(|()| out.flush()).map_err(|e| Failure::output(&e))
}

/// Writes data to a file, or to standard output when there is none.
pub fn write(path: Option<&Path>, data: &[u8]) -> Result<(), Failure> {
    let Some(path) = path else { return print(data) };
    if path.is_dir() {
        return Err(Failure::io(format!("cannot write `{}`: it is a folder", path.display())));
    }
    let failed = |e: std::io::Error| Failure::file("write", path, &e);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(data).and_then(|()| file.flush()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Replaces the contents of a file: at any moment it holds the old ones or the new ones. Its permissions stay; of a
/// link, the file that it stands for is replaced.
pub fn replace(path: &Path, data: &[u8]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::file("write", path, &e);
    let target = path.canonicalize().map_err(failed)?;
    let permissions = target.metadata().map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(Failure::io(format!("cannot write `{}`: it is read-only", path.display())));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(data).map_err(failed)?;
    file.as_file().set_permissions(permissions).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|e| failed(e.error))?;
    Ok(())
}
