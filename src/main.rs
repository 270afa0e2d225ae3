//! Arguments in, exit code out.

fn main() -> rowcall::cli::Exit {
    rowcall::cli::run()
}
