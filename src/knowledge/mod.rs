//! Tables only: which stack does what. Names causes, roles and code points, and nothing else.
