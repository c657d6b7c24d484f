//! Disks that are full, fail or may not be written to, stores that have reached their largest size: each is a clear error, and
//! the store is as it was.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::process::Command;

use segql::store::record::{Batch, BatchKind};
use segql::store::{Store, StoreError, Writer, WriterOptions};

const NOW: &str = "2025-11-01T12:00:00Z";

fn golden(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).display().to_string()
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with a store of the golden data and many contacts more.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let more: Vec<String> = (0..3000).map(|n| format!("{{\"contact_id\":\"k{n}\",\"Status\":\"Gold\"}}\n")).collect();
        std::fs::write(folder.path("more.ndjson"), more.concat()).unwrap();
        std::fs::write(
            folder.path("one.ndjson"),
            "{\"contact_id\":\"anna\",\"event\":\"Zakup\",\"ts\":\"2025-10-30T10:00:00Z\",\"attrs\":{\"kwota\":1000}}\n",
        )
        .unwrap();
        let said = folder.run(&format!(
            "import --store store --schema {} --contacts {} --contacts more.ndjson --events {} --now {NOW}",
            golden("schema.toml"),
            golden("contacts.ndjson"),
            golden("events.ndjson")
        ));
        assert_eq!(said.code, Some(0), "{}", said.err);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segql"));
        command.current_dir(self.0.path()).env_remove("SEGQL_STORE").env("NO_COLOR", "1").args(arguments.split_whitespace());
        command
    }

    fn run(&self, arguments: &str) -> Said {
        said(&mut self.command(arguments))
    }

    /// Under a limit of the size of files, in blocks of 512 bytes or of a kilobyte: writing more is an error.
    fn limited(&self, blocks: u32, arguments: &str) -> Said {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {arguments}", env!("CARGO_BIN_EXE_segql"));
        said(Command::new("sh").current_dir(self.0.path()).env_remove("SEGQL_STORE").env("NO_COLOR", "1").args(["-c", &script]))
    }

    /// The members of all segments of the golden script, in a store that is whole.
    fn members(&self, store: &str) -> String {
        let said = self.run(&format!("verify --store {store}"));
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        let said = self.run(&format!("run {} --store {store} --now {NOW} --format csv", golden("script.seg")));
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Everything that writes to a store.
const WRITES: [&str; 5] = [
    "import --store store --events one.ndjson",
    "import --store store --contacts more.ndjson",
    "erase --store store jan",
    "compact --store store",
    "backup --store store copy",
];

#[test]
fn files_that_may_not_grow() {
    let folder = Folder::new();
    let before = folder.members("store");
    for (blocks, arguments) in WRITES.iter().flat_map(|arguments| [(16, arguments), (300, arguments)]) {
        let said = folder.limited(blocks, arguments);
        if said.code == Some(0) {
            continue;
        }
        assert_eq!(said.code, Some(4), "{arguments}: {}", said.err);
        let told = ["the file may not become larger", "the disk is full"].iter().any(|reason| said.err.contains(reason));
        assert!(told, "{arguments}: {}", said.err);
        assert!(!folder.path("copy/data.mdb").exists());
    }
    let said = folder.limited(16, &format!("import --store fresh --schema {} --contacts more.ndjson", golden("schema.toml")));
    assert_eq!(said.code, Some(4), "{}", said.err);
    assert!(!folder.path("fresh").exists(), "a store that could not be filled is removed");
    // Nothing of what failed is there, and then everything works.
    assert!(!folder.run("run -e everyone --store store --now 2025-11-01").out.is_empty());
    assert_eq!(folder.members("store").lines().count(), before.lines().count());
}

/// A library that makes writing to a data file fail from the n-th time on.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
static long calls = 0;
static int fails(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    if (!strstr(path, "data.mdb")) return 0;
    const char *after = getenv("FAULT_AFTER"), *error = getenv("FAULT_ERRNO");
    if (!after || !error || __sync_fetch_and_add(&calls, 1) < atol(after)) return 0;
    errno = atoi(error);
    return 1;
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
ssize_t write(int fd, const void *b, size_t n) { return fails(fd) ? -1 : REAL(write)(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { return fails(fd) ? -1 : REAL(pwrite)(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { return fails(fd) ? -1 : REAL(pwrite64)(fd, b, n, o); }
ssize_t writev(int fd, const struct iovec *v, int n) { return fails(fd) ? -1 : REAL(writev)(fd, v, n); }
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t o) { return fails(fd) ? -1 : REAL(pwritev)(fd, v, n, o); }
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t o) { return fails(fd) ? -1 : REAL(pwritev64)(fd, v, n, o); }
int fsync(int fd) { return fails(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd) ? -1 : REAL(fdatasync)(fd); }
"#;

/// The library, where a compiler makes one.
fn shim(folder: &Path) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    std::fs::write(&source, SHIM).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    made.is_ok_and(|status| status.success()).then_some(library)
}

#[test]
fn disks_that_fail() {
    let folder = Folder::new();
    let Some(shim) = shim(folder.0.path()) else {
        eprintln!("no C compiler: not tested");
        return;
    };
    let whole = std::fs::read(folder.path("store/data.mdb")).unwrap();
    let before = folder.members("store");
    let mut failed = 0;
    for (errno, reason) in [(5, "input/output error"), (28, "the disk is full")] {
        for arguments in WRITES {
            for after in [0, 1, 2, 3, 5, 8, 13, 40] {
                drop(std::fs::remove_dir_all(folder.path("store")));
                drop(std::fs::remove_dir_all(folder.path("copy")));
                std::fs::create_dir(folder.path("store")).unwrap();
                std::fs::write(folder.path("store/data.mdb"), &whole).unwrap();
                let mut command = folder.command(arguments);
                command.env("LD_PRELOAD", &shim).env("FAULT_AFTER", after.to_string()).env("FAULT_ERRNO", errno.to_string());
                let said = said(&mut command);
                let what = format!("{arguments}, errno {errno} after {after}: {}", said.err);
                if said.code == Some(0) {
                    // It needs no more writes than that.
                    continue;
                }
                failed += 1;
                assert_eq!(said.code, Some(4), "{what}");
                assert!(said.err.contains(reason), "{what}");
                assert!(!folder.path("copy/data.mdb").exists(), "{what}");
                assert_eq!(folder.members("store"), before, "{what}");
            }
        }
    }
    assert!(failed > 30, "{failed}");
    // After a failure the same works again.
    drop(std::fs::remove_dir_all(folder.path("copy")));
    for arguments in WRITES {
        let said = folder.run(arguments);
        assert_eq!(said.code, Some(0), "{}", said.err);
    }
    assert_ne!(folder.members("store"), before);
}

#[test]
fn a_store_that_may_not_grow() {
    let folder = Folder::new();
    let path = folder.path("store");
    let size = usize::try_from(std::fs::metadata(path.join("data.mdb")).unwrap().len()).unwrap();
    let before = folder.members("store");
    let store = Store::open_limited(&path, size + (64 << 10)).unwrap();
    let writer = Writer::begin(&store, WriterOptions { fold_bytes: None, ..WriterOptions::default() }).unwrap();
    let event = writer.schema().event("Zakup").unwrap();
    let append = |n: u64| {
        let mut batch = Batch::new(BatchKind::Events);
        (0..500).for_each(|i| batch.begin_event(&format!("nowy{n}-{i}"), event, 0, None));
        writer.append(vec![batch])
    };
    let mut appended = 0;
    let error = loop {
        match append(appended) {
            Ok(_) => appended += 1,
            Err(error) => break error,
        }
        assert!(appended < 1000);
    };
    assert!(matches!(error, StoreError::Engine { .. }) && error.to_string().contains("largest size"), "{error}");
    // It goes on failing without harm, and what was acknowledged is there.
    assert!(append(appended).is_err());
    assert_eq!(store.snapshot().unwrap().contacts(), 3005 + 500 * u32::try_from(appended).unwrap());
    drop(writer);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.snapshot().unwrap().contacts(), 3005 + 500 * u32::try_from(appended).unwrap());
    drop(store);
    if appended == 0 {
        assert_eq!(folder.members("store"), before);
    }
}

#[test]
fn folders_that_may_not_be_written_to() {
    let folder = Folder::new();
    // Whoever may do anything is not kept out by permissions.
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0"));
    if root {
        return;
    }
    let set =
        |mode: &str| assert!(Command::new("chmod").args(["-R", mode]).arg(folder.path("store")).status().unwrap().success());
    let before = folder.members("store");
    set("a-w");
    for arguments in WRITES.into_iter().chain(["stats --store store"]) {
        let said = folder.run(arguments);
        assert_eq!(said.code, Some(4), "{arguments}: {}", said.err);
        assert!(said.err.contains("you may not"), "{arguments}: {}", said.err);
    }
    set("u+w");
    assert_eq!(folder.members("store"), before);
}

/// A second writer is told who the first is; readers are not in anybody's way.
#[test]
fn one_writes_and_others_read() {
    let folder = Folder::new();
    let before = folder.members("store");
    let store = Store::open(&folder.path("store")).unwrap();
    let writer = Writer::begin(&store, WriterOptions::default()).unwrap();
    for arguments in &WRITES[..4] {
        let said = folder.run(arguments);
        assert_eq!(said.code, Some(4), "{arguments}: {}", said.err);
        let holder = format!("is being written by process {}", std::process::id());
        assert!(said.err.contains(&holder) && said.err.contains(" since 20"), "{arguments}: {}", said.err);
    }
    assert_eq!(folder.members("store"), before);
    assert_eq!(folder.run(WRITES[4]).code, Some(0));
    assert_eq!(folder.members("copy"), before);
    // What is acknowledged here is seen there at once.
    let mut batch = Batch::new(BatchKind::Events);
    batch.begin_event("zupełnie nowy", writer.schema().event("Zakup").unwrap(), 1_761_998_000_000, None);
    writer.append(vec![batch]).unwrap();
    let said = folder.run(&format!("run -e count(Zakup)>0 --store store --now {NOW} --format ids"));
    assert!(said.out.contains("zupełnie nowy"), "{}{}", said.out, said.err);
    drop(writer);
    assert_eq!(folder.run(WRITES[0]).code, Some(0));
    // Another process compacts: this one has the old file, and says so.
    assert_eq!(folder.run("compact --store store").code, Some(0));
    let error = store.snapshot().err().unwrap();
    assert!(matches!(error, StoreError::Replaced(_)) && error.to_string().contains("open it again"), "{error}");
    assert!(Writer::begin(&store, WriterOptions::default()).is_err());
}

/// Threads that append at the same time share transactions, and each has what it was told.
#[test]
fn many_append_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let schema = segql::schema::toml::parse("[events.E.attributes]\nn = { type = \"number\", decimals = 0 }\n").unwrap();
    let store = Store::create(&folder.path().join("s"), &schema).unwrap();
    let event = schema.event("E").unwrap();
    let writer = Writer::begin(&store, WriterOptions { fold_bytes: Some(20_000), ..WriterOptions::default() }).unwrap();
    let mut sequences: Vec<u64> = std::thread::scope(|scope| {
        let append = |thread: u32| {
            let writer = &writer;
            move || {
                let batch = |n: u32| {
                    let mut batch = Batch::new(BatchKind::Events);
                    (0..5).for_each(|i| batch.begin_event(&format!("c{}", (n + i) % 50), event, i64::from(thread), None));
                    vec![batch]
                };
                (0..40).map(|n| writer.append(batch(n)).unwrap().sequence).collect::<Vec<_>>()
            }
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(append(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=160).collect::<Vec<_>>());
    // A batch that does not fit takes no other with it.
    let mut wrong = Batch::new(BatchKind::Events);
    wrong.begin_event("c1", segql::schema::EventId(999), 0, None);
    assert!(matches!(writer.append(vec![wrong]).unwrap_err(), StoreError::Rows(_)));
    let verified = store.verify(&|| false).unwrap();
    assert_eq!((verified.events, verified.contacts, verified.problems.len()), (800, 44, 0));
}

/// A file system of a few megabytes, taken away again at the end.
struct Small(PathBuf);

impl Small {
    /// Only whoever may mount file systems has one.
    fn new(path: PathBuf) -> Option<Self> {
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(&path).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self(path))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
fn disks_that_are_full() {
    let folder = Folder::new();
    let Some(small) = Small::new(folder.path("small")) else {
        eprintln!("no file system can be mounted: not tested");
        return;
    };
    let said = folder.run("backup --store store small/store");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mut imported = 0;
    let full = loop {
        let lines: Vec<String> = (0..4000).map(|n| format!("{{\"contact_id\":\"z{imported}-{n}\",\"Saldo\":{n}}}\n")).collect();
        std::fs::write(folder.path("lines.ndjson"), lines.concat()).unwrap();
        let said = folder.run("import --store small/store --contacts lines.ndjson");
        if said.code != Some(0) {
            break said;
        }
        imported += 1;
        assert!(imported < 100);
    };
    let told = |said: &Said| said.code == Some(4) && said.err.contains("the disk is full");
    assert!(told(&full), "{:?} {}", full.code, full.err);
    // Not a byte is left, also not for what is new.
    let left = Command::new("sh").args(["-c", "cat /dev/zero > small/rest"]).current_dir(folder.0.path()).output();
    assert!(!left.unwrap().status.success());
    for arguments in ["erase --store small/store anna", "compact --store small/store", "backup --store small/store small/copy"] {
        let said = folder.run(arguments);
        assert!(told(&said), "{arguments}: {:?} {}", said.code, said.err);
    }
    let said = folder.run(&format!("import --store small/new --schema {} --contacts lines.ndjson", golden("schema.toml")));
    assert!(told(&said), "{:?} {}", said.code, said.err);
    std::fs::remove_file(small.0.join("rest")).unwrap();
    let said = folder.run("run -e everyone --store small/store --now 2025-11-01");
    assert_eq!(said.out, format!("{}\n", 3005 + 4000 * imported));
    folder.members("small/store");
}
