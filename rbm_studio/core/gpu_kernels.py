"""The GPU's hot loops, in CUDA C: each does in one pass what NumPy does in several.

Rows of an array lie ``pitch`` numbers apart, which is more than they are long where label units follow the pixels.
One thread takes the places of a row that lie a quarter of it apart: for so many a Philox call gives random numbers.
"""

from __future__ import annotations

_RANDOM = r"""
typedef unsigned int word;
typedef unsigned long long count;

// Philox4x32-10 (Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011).
__device__ void philox(word* counter, word key0, word key1)
{
    #pragma unroll
    for (int round = 0; round < 10; ++round) {
        const word high0 = __umulhi(0xD2511F53u, counter[0]), low0 = 0xD2511F53u * counter[0];
        const word high1 = __umulhi(0xCD9E8D57u, counter[2]), low1 = 0xCD9E8D57u * counter[2];
        counter[0] = high1 ^ counter[1] ^ key0;
        counter[1] = low1;
        counter[2] = high0 ^ counter[3] ^ key1;
        counter[3] = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// Uniform numbers of 24 bits in [0, 1), of four places of a row: they depend on nothing but these arguments.
__device__ void draw(float* uniforms, count seed, count call, int row, int place, int quarter)
{
    const count index = (count)row * quarter + place;
    word words[4] = {(word)index, (word)(index >> 32), (word)call, (word)(call >> 32)};
    philox(words, (word)seed, (word)(seed >> 32));
    #pragma unroll
    for (int lane = 0; lane < 4; ++lane) uniforms[lane] = (words[lane] >> 8) * 5.9604644775390625e-8f;
}

__device__ float uniform_at(count seed, count call, int row, int column, int quarter)
{
    float uniforms[4];
    draw(uniforms, seed, call, row, column % quarter, quarter);
    return uniforms[column / quarter];
}
"""

SOURCE = (
    _RANDOM
    + r"""
// An exponential that overflows gives 0, which is right.
__device__ float logistic(float z) { return 1.0f / (1.0f + expf(-z)); }

// out = uniform numbers.
extern "C" __global__ void fill_uniforms(
    float* out, int pitch, int rows, int columns, int quarter, count seed, count call)
{
    const int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= quarter) return;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        float uniforms[4];
        draw(uniforms, seed, call, row, place, quarter);
        #pragma unroll
        for (int lane = 0; lane < 4; ++lane) {
            const int column = place + lane * quarter;
            if (column < columns) out[(size_t)row * pitch + column] = uniforms[lane];
        }
    }
}

// z = probabilities of units with these inputs.
extern "C" __global__ void units(float* z, int pitch, int rows, int columns, const float* bias, float beta)
{
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    const float shift = beta * bias[column];
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        const size_t at = (size_t)row * pitch + column;
        z[at] = logistic(beta * z[at] + shift);
    }
}

// z = probabilities, and states = samples of them; these may be z itself.
extern "C" __global__ void units_and_states(
    float* z, int pitch, int rows, int columns, const float* bias, float beta,
    float* states, int states_pitch, int quarter, count seed, count call)
{
    const int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= quarter) return;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        float uniforms[4];
        draw(uniforms, seed, call, row, place, quarter);
        #pragma unroll
        for (int lane = 0; lane < 4; ++lane) {
            const int column = place + lane * quarter;
            if (column < columns) {
                const size_t at = (size_t)row * pitch + column;
                const float p = logistic(beta * z[at] + beta * bias[column]);
                z[at] = p;
                states[(size_t)row * states_pitch + column] = p > uniforms[lane] ? 1.0f : 0.0f;
            }
        }
    }
}

// states = samples of units with these probabilities; they may be written over these.
extern "C" __global__ void sample(
    const float* probabilities, int pitch, int rows, int columns,
    float* states, int states_pitch, int quarter, count seed, count call)
{
    const int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= quarter) return;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        float uniforms[4];
        draw(uniforms, seed, call, row, place, quarter);
        #pragma unroll
        for (int lane = 0; lane < 4; ++lane) {
            const int column = place + lane * quarter;
            if (column < columns) {
                const float p = probabilities[(size_t)row * pitch + column];
                states[(size_t)row * states_pitch + column] = p > uniforms[lane] ? 1.0f : 0.0f;
            }
        }
    }
}

// z = probabilities of a group of units of which one is on. A thread takes a row.
extern "C" __global__ void softmax_units(float* z, int pitch, int rows, int classes, const float* bias, float beta)
{
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    float* own = z + (size_t)row * pitch;
    float highest = beta * own[0] + beta * bias[0];
    for (int k = 1; k < classes; ++k) highest = fmaxf(highest, beta * own[k] + beta * bias[k]);
    float total = 0.0f;
    for (int k = 0; k < classes; ++k) {
        own[k] = expf(beta * own[k] + beta * bias[k] - highest);
        total += own[k];
    }
    for (int k = 0; k < classes; ++k) own[k] /= total;
}

// p = samples of a group of which one is on, by the uniform number of a column of the draw.
extern "C" __global__ void sample_softmax(
    float* p, int pitch, int rows, int classes, int column, int quarter, count seed, count call)
{
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    float* own = p + (size_t)row * pitch;
    const float uniform = uniform_at(seed, call, row, column, quarter);
    float cumulated = 0.0f;
    int chosen = 0;
    // The last sum may round to less than 1; the last class takes what is left.
    for (int k = 0; k < classes - 1; ++k) {
        cumulated += own[k];
        chosen += cumulated <= uniform;
    }
    for (int k = 0; k < classes; ++k) own[k] = k == chosen ? 1.0f : 0.0f;
}

// nats = cross-entropy of each row of v under units with these inputs, z = their probabilities. A block takes a row.
extern "C" __global__ void cross_entropy(
    const float* v, int v_pitch, float* z, int pitch, int columns, const float* bias, double* nats)
{
    __shared__ double shares[128];
    const size_t row = blockIdx.x;
    double share = 0.0;
    for (int column = threadIdx.x; column < columns; column += 128) {
        const size_t at = row * pitch + column;
        const float input = z[at] + bias[column];
        // -v ln p - (1 - v) ln(1 - p) = ln(1 + exp(z)) - v z, without overflow.
        share += (input > 0.0f ? input : 0.0f) + log1pf(expf(-fabsf(input))) - v[row * v_pitch + column] * input;
        z[at] = logistic(input);
    }
    shares[threadIdx.x] = share;
    for (int half = 64; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) shares[threadIdx.x] += shares[threadIdx.x + half];
    }
    if (threadIdx.x == 0) nats[row] = shares[0];
}

// sums = those of the columns of the data's and of the model's rows, hidden units after the visible ones; the hidden
// rows are weighed in passing. A block of 32 times 32 threads takes 32 columns, blockIdx.y the layer, .z the phase.
extern "C" __global__ void collect(
    const float* data, const float* model, float* hidden_data, float* hidden_model,
    int width, int hidden_num, int data_rows, int model_rows,
    const float* push, float data_weight, float model_weight, float* data_sums, float* model_sums)
{
    __shared__ float shares[32][33];
    const bool is_hidden = blockIdx.y == 1, is_model = blockIdx.z == 1;
    const int columns = is_hidden ? hidden_num : width, rows = is_model ? model_rows : data_rows;
    const int column = blockIdx.x * 32 + threadIdx.x;
    if (blockIdx.x * 32 >= columns) return;
    float* weighed = is_model ? hidden_model : hidden_data;
    const float* values = is_hidden ? weighed : is_model ? model : data;
    const float weight = is_model ? model_weight : data_weight;
    float share = 0.0f;
    if (column < columns) {
        const float pushed = push && !is_model && is_hidden ? push[column] : 0.0f;
        for (int first = threadIdx.y; first < rows; first += 8 * 32) {
            // Eight at a time: to write one would else hold up the reading of the next.
            float some[8];
            #pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int row = first + 32 * i;
                some[i] = row < rows ? values[(size_t)row * columns + column] : 0.0f;
            }
            #pragma unroll
            for (int i = 0; i < 8; ++i) {
                const int row = first + 32 * i;
                share += some[i];
                if (is_hidden && row < rows) weighed[(size_t)row * columns + column] = weight * (some[i] + pushed);
            }
        }
    }
    shares[threadIdx.y][threadIdx.x] = share;
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        float total = 0.0f;
        for (int i = 0; i < 32; ++i) total += shares[i][threadIdx.x];
        (is_model ? model_sums : data_sums)[(is_hidden ? width : 0) + column] = total;
    }
}
"""
)
"""The kernels that every model needs."""

NAMES = (
    "fill_uniforms",
    "units",
    "units_and_states",
    "sample",
    "softmax_units",
    "sample_softmax",
    "cross_entropy",
    "collect",
)

_SHOW = r"""
// out = some rows of grey images, as a binarisation has them.
extern "C" __global__ void show(
    const LEVEL* images, const long long* places, int rows, int columns,
    float* out, int pitch, float threshold, int quarter, count seed, count call)
{
    const int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place >= quarter) return;
    for (int row = blockIdx.y; row < rows; row += gridDim.y) {
        const LEVEL* image = images + (size_t)places[row] * columns;
        // Where the formula needs no random numbers the compiler leaves them out.
        float uniforms[4];
        draw(uniforms, seed, call, row, place, quarter);
        #pragma unroll
        for (int lane = 0; lane < 4; ++lane) {
            const int column = place + lane * quarter;
            if (column < columns) {
                const float value = VALUE, uniform = uniforms[lane];
                out[(size_t)row * pitch + column] = FORMULA;
            }
        }
    }
}
"""


def source_of_show(formula: str, *, levels: bool) -> str:
    """Return the source of the kernel ``show``.

    Parameters
    ----------
    formula : str
        Of ``value``, ``threshold`` and a number ``uniform`` in [0, 1); see `rbm_studio.core.binarisation`.
    levels : bool
        Whether the images are grey levels 0..255, or values 0..1.
    """
    level, value = ("unsigned char", "image[column] / 255.0f") if levels else ("float", "image[column]")
    return _RANDOM + _SHOW.replace("LEVEL", level).replace("VALUE", value).replace("FORMULA", formula)
