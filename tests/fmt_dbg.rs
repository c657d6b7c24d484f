#[test] fn d() { let t = std::fs::read_to_string("/tmp/x/in.seg").unwrap(); println!("{:?}", segql::fmt::format(&t, segql::syntax::SourceId(0)).map(|f| println!("{}", f.text))); }
