// What machines have whose C passes vectors in their registers.
typedef float float4 __attribute__((vector_size(16)));
typedef int int4 __attribute__((vector_size(16)));
typedef unsigned char uchar8 __attribute__((vector_size(8)));
typedef double double2 __attribute__((vector_size(16)));
struct ray { float4 from, to; int id; };
struct box { float4 corners[2]; };
float4 echo_float4(float4 v);
uchar8 echo_uchar8(uchar8 v);
struct ray echo_ray(struct ray v);
struct box echo_box(struct box v);
int4 weighted(int before, int4 a, double weight, int4 b);
double2 total(const double2 *v, int count);
void heighten(float4 *v, int count);
float4 call_vectors(float4 (*each)(float4 v, int n, uchar8 w), float4 v);
struct box call_box(struct box (*each)(struct box b), struct box b);
int sum_variable(int count, ...);
extern float4 unit_vector;
