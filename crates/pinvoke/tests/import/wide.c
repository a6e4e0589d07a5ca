// Integers of 128 bits.
__int128 wide_multiply(int before, __int128 a, __int128 b) { return a * b + before; }
