use pinvoke::native::CodePtr;
use pinvoke::upcall::Declaration;

type Find = unsafe extern "C" fn(i32) -> CodePtr;
const FIND: Declaration<Find> = Declaration::new("find");

fn main() {
    let _ = FIND;
}
