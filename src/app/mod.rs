//! Application protocols that can refuse a peer inside the tunnel.
