//! The store on real databases.

mod round_trip;
