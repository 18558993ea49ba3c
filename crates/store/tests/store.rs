//! The store as its users and the machine treat it.
mod store {
    mod crash;
    mod damage;
    mod disk;
    mod faults;
}
