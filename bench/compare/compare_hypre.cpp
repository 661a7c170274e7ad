// hypre on the problem of problem.hpp: conjugate gradients preconditioned by PFMG. Each rank has a
// slab of planes in z.
//   mpirun -np 2 compare_hypre --size 256 --relax 2 --rap 1 --tolerance 1e-6 --file REFERENCE
// One JSON object on standard output, of rank 0.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <map>

#include <HYPRE_struct_ls.h>
#include <mpi.h>
#include <nlohmann/json.hpp>

#include "problem.hpp"

using namespace compare;

namespace {

struct Options {
  int relax = 2, rap = 0, skip = 1, sweeps = 1;
  double tolerance = 1e-6;
};

struct Result {
  double setup = 0, solve = 0; // s
  double cpu = 0;              // of both, all ranks; a rank that waits burns some
  int iterations = 0;
  double norm = 0; // relative, as hypre sees it
};

class Hypre {
public:
  Hypre(const Problem& p, int rank, int ranks) : p_(p) {
    begin_ = static_cast<int>(static_cast<long>(p.n) * rank / ranks);
    end_ = static_cast<int>(static_cast<long>(p.n) * (rank + 1) / ranks);
    int low[3] = {0, 0, begin_}, high[3] = {p.n - 1, p.n - 1, end_ - 1};
    HYPRE_StructGridCreate(MPI_COMM_WORLD, 3, &grid_);
    HYPRE_StructGridSetExtents(grid_, low, high);
    HYPRE_StructGridAssemble(grid_);
    // Symmetric storage: the diagonal and the three couplings upwards.
    int offsets[4][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    HYPRE_StructStencilCreate(3, 4, &stencil_);
    for (int s = 0; s < 4; ++s) HYPRE_StructStencilSetElement(stencil_, s, offsets[s]);
    HYPRE_StructMatrixCreate(MPI_COMM_WORLD, grid_, stencil_, &matrix_);
    HYPRE_StructMatrixSetSymmetric(matrix_, 1);
    HYPRE_StructMatrixInitialize(matrix_);
    const std::vector<float> k = p.loss();
    const double w = p.coupling();
    std::vector<double> values, rhs;
    for (int z = begin_; z < end_; ++z)
      for (int y = 0; y < p.n; ++y)
        for (int x = 0; x < p.n; ++x) {
          const int faces = p.faces_at(x, y, z);
          values.push_back(static_cast<double>(k[p.index(x, y, z)]) + w * (6 + faces));
          values.push_back(x < p.n - 1 ? -w : 0);
          values.push_back(y < p.n - 1 ? -w : 0);
          values.push_back(z < p.n - 1 ? -w : 0);
          rhs.push_back(2 * w * p.face * faces);
        }
    int entries[4] = {0, 1, 2, 3};
    HYPRE_StructMatrixSetBoxValues(matrix_, low, high, 4, entries, values.data());
    HYPRE_StructMatrixAssemble(matrix_);
    for (HYPRE_StructVector* v : {&b_, &x_}) {
      HYPRE_StructVectorCreate(MPI_COMM_WORLD, grid_, v);
      HYPRE_StructVectorInitialize(*v);
    }
    HYPRE_StructVectorSetBoxValues(b_, low, high, rhs.data());
    HYPRE_StructVectorAssemble(b_);
    HYPRE_StructVectorAssemble(x_);
  }

  Result solve(const Options& o) {
    HYPRE_StructVectorSetConstantValues(x_, 0);
    HYPRE_StructSolver pcg, pfmg;
    MPI_Barrier(MPI_COMM_WORLD);
    const std::clock_t cpu_begin = std::clock();
    const double begin = MPI_Wtime();
    HYPRE_StructPCGCreate(MPI_COMM_WORLD, &pcg);
    HYPRE_StructPCGSetTol(pcg, o.tolerance);
    HYPRE_StructPCGSetMaxIter(pcg, 200);
    HYPRE_StructPCGSetTwoNorm(pcg, 1);
    HYPRE_StructPFMGCreate(MPI_COMM_WORLD, &pfmg);
    HYPRE_StructPFMGSetMaxIter(pfmg, 1);
    HYPRE_StructPFMGSetTol(pfmg, 0);
    HYPRE_StructPFMGSetZeroGuess(pfmg);
    HYPRE_StructPFMGSetRelaxType(pfmg, o.relax);
    HYPRE_StructPFMGSetRAPType(pfmg, o.rap);
    HYPRE_StructPFMGSetNumPreRelax(pfmg, o.sweeps);
    HYPRE_StructPFMGSetNumPostRelax(pfmg, o.sweeps);
    HYPRE_StructPFMGSetSkipRelax(pfmg, o.skip);
    HYPRE_StructPCGSetPrecond(pcg, HYPRE_StructPFMGSolve, HYPRE_StructPFMGSetup, pfmg);
    HYPRE_StructPCGSetup(pcg, matrix_, b_, x_);
    MPI_Barrier(MPI_COMM_WORLD);
    const double middle = MPI_Wtime();
    HYPRE_StructPCGSolve(pcg, matrix_, b_, x_);
    MPI_Barrier(MPI_COMM_WORLD);
    Result r{middle - begin, MPI_Wtime() - middle, 0, 0, 0};
    const double mine = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    MPI_Allreduce(&mine, &r.cpu, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    HYPRE_StructPCGGetNumIterations(pcg, &r.iterations);
    HYPRE_StructPCGGetFinalRelativeResidualNorm(pcg, &r.norm);
    HYPRE_StructPCGDestroy(pcg);
    HYPRE_StructPFMGDestroy(pfmg);
    HYPRE_ClearAllErrors();
    return r;
  }

  // The whole field, on rank 0.
  std::vector<double> field(int rank, int ranks) const {
    int low[3] = {0, 0, begin_}, high[3] = {p_.n - 1, p_.n - 1, end_ - 1};
    std::vector<double> mine(static_cast<std::size_t>(end_ - begin_) * p_.n * p_.n), all;
    HYPRE_StructVectorGetBoxValues(x_, low, high, mine.data());
    std::vector<int> counts(static_cast<std::size_t>(ranks)), offsets(counts);
    for (int r = 0; r < ranks; ++r) {
      const auto first = static_cast<long>(p_.n) * r / ranks,
                 last = static_cast<long>(p_.n) * (r + 1) / ranks;
      counts[static_cast<std::size_t>(r)] = static_cast<int>((last - first) * p_.n * p_.n);
      offsets[static_cast<std::size_t>(r)] = static_cast<int>(first * p_.n * p_.n);
    }
    if (rank == 0) all.resize(p_.voxels());
    MPI_Gatherv(mine.data(), static_cast<int>(mine.size()), MPI_DOUBLE, all.data(), counts.data(),
                offsets.data(), MPI_DOUBLE, 0, MPI_COMM_WORLD);
    return all;
  }

private:
  Problem p_;
  int begin_ = 0, end_ = 0;
  HYPRE_StructGrid grid_ = nullptr;
  HYPRE_StructStencil stencil_ = nullptr;
  HYPRE_StructMatrix matrix_ = nullptr;
  HYPRE_StructVector b_ = nullptr, x_ = nullptr;
};

} // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  HYPRE_Init();
  int rank = 0, ranks = 1, code = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  try {
    std::map<std::string, std::string> option{
        {"--size", "64"},  {"--relax", "2"},        {"--rap", "0"},     {"--skip", "1"},
        {"--sweeps", "1"}, {"--tolerance", "1e-6"}, {"--repeats", "1"}, {"--file", ""}};
    for (int a = 1; a + 1 < argc; a += 2) {
      if (option.count(argv[a]) == 0)
        throw std::runtime_error(std::string("unknown option ") + argv[a]);
      option[argv[a]] = argv[a + 1];
    }
    const Problem p(std::stoi(option["--size"]));
    const Options o{std::stoi(option["--relax"]), std::stoi(option["--rap"]),
                    std::stoi(option["--skip"]), std::stoi(option["--sweeps"]),
                    std::stod(option["--tolerance"])};
    Hypre hypre(p, rank, ranks);
    std::vector<double> setup, solve, cpu;
    Result r;
    for (int n = 0; n < std::stoi(option["--repeats"]); ++n) {
      r = hypre.solve(o);
      setup.push_back(r.setup);
      solve.push_back(r.solve);
      cpu.push_back(r.cpu);
    }
    const std::vector<double> c = hypre.field(rank, ranks);
    if (rank == 0) {
      nlohmann::ordered_json out{{"ranks", ranks},
                                 {"relax", o.relax},
                                 {"rap", o.rap},
                                 {"skip", o.skip},
                                 {"sweeps", o.sweeps},
                                 {"tolerance", o.tolerance},
                                 {"iterations", r.iterations},
                                 {"setup_s", setup},
                                 {"solve_s", solve},
                                 {"cpu_s", cpu},
                                 {"own_relative_residual", r.norm},
                                 {"relative_residual", relative_residual(p, p.loss(), c)},
                                 {"centre_mmHg", p.centre(c)}};
      if (!option["--file"].empty())
        out["max_error_mmHg"] = largest_difference(c, restore(option["--file"], p.voxels()));
      std::cout << out.dump() << std::endl;
    }
  } catch (const std::exception& e) {
    std::cerr << "compare_hypre: " << e.what() << std::endl;
    code = 1;
  }
  HYPRE_Finalize();
  MPI_Finalize();
  return code;
}
