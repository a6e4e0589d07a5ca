// What only 64-bit machines have.
__int128 echo_int128(__int128 v);
unsigned __int128 echo_uint128(unsigned __int128 v);
