use pinvoke::upcall::Declaration;

type Unary = unsafe extern "C" fn(i32) -> i32;
const UNARY: Declaration<Unary> = Declaration::new("unary");

fn main() {
    let callback = {
        let mut closure = |n: i32| -> i32 { n };
        UNARY.scoped(&mut closure).unwrap()
    };
    drop(callback);
}
