#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>
#include <zlib.h>

#include "program/bench.hpp"
#include "program/run.hpp"
#include "program/selfcheck.hpp"
#include "program/sweep.hpp"
#include "record/build_info.hpp"
#include "record/checkpoint.hpp"
#include "record/verify.hpp"
#include "settings/config.hpp"
#include "viz/vtk_available.hpp"

#if defined(__x86_64__)
// Runs before anything that was compiled for a newer processor, so that a wrong machine gets a
// sentence instead of "illegal instruction".
__attribute__((constructor(101), target("no-avx"))) static void check_processor() {
  __builtin_cpu_init();
  const char* missing = nullptr;
#if defined(__AVX__)
  if (!__builtin_cpu_supports("avx")) missing = "AVX";
#endif
#if defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2")) missing = "AVX2";
#endif
#if defined(__FMA__)
  if (!__builtin_cpu_supports("fma")) missing = "FMA";
#endif
#if defined(__AVX512F__)
  if (!__builtin_cpu_supports("avx512f")) missing = "AVX-512";
#endif
#if defined(__AVX512VL__)
  if (!__builtin_cpu_supports("avx512vl")) missing = "AVX-512 VL";
#endif
  if (missing == nullptr) return;
  const auto say = [](const char* text) {
    unsigned long n = 0;
    while (text[n] != '\0') ++n;
    if (write(STDERR_FILENO, text, n) < 0) _exit(4);
  };
  say("metavox: this program was compiled for processors with ");
  say(missing);
  say(", which this one lacks; build it here, or with -march=x86-64-v2\n");
  _exit(4);
}
#endif

namespace {

using namespace metavox;

std::string shell_text(int argc, char** argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    if (i > 0) text += ' ';
    if (!word.empty() && word.find_first_of(" \t\n\"'\\$`*?[]{}()<>|&;#~!") == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::optional<std::uint64_t> seed_of(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// What replaces settings of the file, the same for every command that reads one.
struct Overrides {
  std::string seed, until;
  std::vector<std::string> set;
  CLI::Option *seed_option = nullptr, *until_option = nullptr;

  void offer(CLI::App& app) {
    // Taken as text: the parser would let -3 pass for a large number.
    seed_option =
        app.add_option("--seed", seed, "replaces simulation.seed")
            ->type_name("N")
            ->check([](const std::string& text) {
              return seed_of(text) ? std::string() : "a seed is an integer from 0 to 2^64 - 1";
            });
    until_option = app.add_option("--until", until, "replaces simulation.duration, e.g. '10 day'")
                       ->type_name("T");
    app.add_option("--set", set,
                   "replaces a setting, e.g. oxygen.diffusivity='1e5 um^2/min'; may be repeated")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  std::optional<std::uint64_t> chosen_seed() const {
    return seed_option->count() > 0 ? seed_of(seed) : std::nullopt;
  }
  std::optional<std::string> chosen_until() const {
    return until_option->count() > 0 ? std::optional(until) : std::nullopt;
  }
};

int info_command() {
  std::printf("metavox %s (commit %s)\n", version().c_str(), commit().c_str());
  std::printf("compiler     %s, for %s\n", compiler().c_str(), instruction_set().c_str());
  std::printf("flags        %s\n", build_flags().c_str());
  std::printf("back ends    cpu: %s\n", Executor::on_cpu().description().c_str());
  const std::string obstacle = Executor::cuda_obstacle();
  if (obstacle.empty()) {
    const Executor gpu = Executor::on_cuda();
    std::printf("             cuda: %s, %s free\n", gpu.description().c_str(),
                bytes_text(gpu.memory_available()).c_str());
  } else {
    std::printf("             cuda: not usable: %s\n", obstacle.c_str());
  }
  std::printf("memory       %s free\n", bytes_text(Executor::on_cpu().memory_available()).c_str());
  std::printf("frames       %s\n", vtk_available() ? "VTK XML" : "none: built without VTK");
  std::printf("checkpoints  %s\n",
              checkpoints_available() ? checkpoint_library().c_str() : "none: built without HDF5");
  std::printf("libraries    zlib %s, CLI11 %s\n", zlibVersion(), CLI11_VERSION);
  return 0;
}

int selfcheck_command() {
  const auto print = [](const Executor& executor) {
    const auto hashes = selfcheck(executor);
    std::printf("# %s\n", executor.description().c_str());
    for (const auto& [name, hash] : hashes)
      std::printf("%s  %s\n", hex16(hash).c_str(), name.c_str());
    return hashes;
  };
  const auto cpu = print(Executor::on_cpu());
  if (!Executor::cuda_obstacle().empty()) return 0;
  const auto gpu = print(Executor::on_cuda());
  int different = gpu.size() == cpu.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(cpu.size(), gpu.size()); ++i)
    if (cpu[i] != gpu[i]) {
      std::fprintf(stderr, "metavox: %s differs between cpu and cuda\n", cpu[i].first.c_str());
      ++different;
    }
  return different == 0 ? exit_done : exit_numerical;
}

int run_program(int argc, char** argv) {
  CLI::App app{"metavox: growth of a tumour in tissue, voxel by voxel.\n"
               "The same configuration and seed give the same bits on every machine."};
  app.name("metavox");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "metavox " + version());
  app.footer(
      "Examples:\n"
      "  metavox validate tumour.yaml                # is it right, and what will its run take?\n"
      "  metavox run tumour.yaml -o runs/first       # run it\n"
      "  metavox run tumour.yaml --restart runs/first/checkpoints/step_00000480.h5 --until '3 "
      "day'\n"
      "  metavox run tumour.yaml -o runs/thin --set oxygen.diffusivity='1e5 um^2/min' --seed 7\n"
      "  metavox explain oxygen.diffusivity          # meaning, unit, default, range, source\n"
      "  metavox verify runs/first                   # is every file as it was written?\n"
      "\n"
      "Exit codes: 0 done, 2 usage or configuration, 3 input or output, 4 resources,\n"
      "            5 numerical, 130 interrupted with a checkpoint.\n"
      "'metavox COMMAND -h' tells more about a command, --help-all about all.");
  const auto command = [&](const char* name, const char* about, const char* footer) {
    CLI::App* sub = app.add_subcommand(name, about);
    sub->footer(footer);
    return sub;
  };
  const auto backends = CLI::IsMember({"auto", "cpu", "cuda"});
  int code = exit_done;

  RunOptions options;
  std::string config, output, restart;
  CLI::App* run_app = command(
      "run", "run a simulation",
      "Examples:\n"
      "  metavox run tumour.yaml                     # into runs/tumour\n"
      "  metavox run tumour.yaml -o runs/dense --set tissue.parenchyma=0.4 --threads 8\n"
      "  metavox run tumour.yaml -o runs/dense --force --set cycle.law=physicell --seed 7 --quiet\n"
      "  metavox run tumour.yaml --restart runs/tumour/checkpoints/step_00000480.h5 --until '3 "
      "day'\n"
      "\n"
      "with tumour.yaml, for example:\n"
      "  simulation:\n"
      "    duration: 2 day\n"
      "  domain:\n"
      "    size: [1 mm, 1 mm, 1 mm]\n"
      "  tissue:\n"
      "    cells:\n"
      "      - shape: sphere\n"
      "        kind: epithelial\n"
      "        radius: 100 um\n"
      "  output:\n"
      "    checkpoints: 1 day\n"
      "\n"
      "Ctrl-C finishes the step, writes a checkpoint and leaves with code 130.");
  run_app->add_option("config", config, "configuration (YAML)")->required()->type_name("CONFIG");
  run_app
      ->add_option("-o,--output", output,
                   "run folder; default: that of the checkpoint, or runs/NAME of the simulation")
      ->type_name("DIR");
  run_app
      ->add_option("--backend", options.backend,
                   "auto, cpu or cuda; auto takes a GPU if there is one")
      ->check(backends)
      ->type_name("NAME");
  run_app->add_option("--threads", options.threads, "CPU threads; default: all")
      ->check(CLI::Range(0, 4096))
      ->type_name("N");
  Overrides run_overrides;
  run_overrides.offer(*run_app);
  run_app
      ->add_option(
          "--restart", restart,
          "continues from a checkpoint of the same settings, or the newest whole one of a run")
      ->type_name("RUN|CHECKPOINT");
  run_app->add_flag("--force", options.force, "replaces a former run in the run folder");
  run_app->add_flag("--profile", options.profile,
                    "tells at the end, and in profile.csv, what the time went into");
  run_app->add_flag("--quiet", options.quiet, "prints the final hash and errors only");
  run_app->callback([&] {
    options.config = config;
    options.output = output;
    options.restart = restart;
    options.set = run_overrides.set;
    options.seed = run_overrides.chosen_seed();
    options.until = run_overrides.chosen_until();
    options.command = shell_text(argc, argv);
    code = run(options);
  });

  std::string validated;
  CLI::App* validate =
      command("validate", "check a configuration; print what its run takes and writes",
              "Examples:\n"
              "  metavox validate tumour.yaml\n"
              "  metavox validate tumour.yaml --set domain.voxels='[512, 512, 512]'   # what would "
              "that take?\n"
              "  metavox validate tumour.yaml && metavox run tumour.yaml -o runs/checked");
  validate->add_option("config", validated, "configuration (YAML)")
      ->required()
      ->type_name("CONFIG");
  Overrides validated_overrides;
  validated_overrides.offer(*validate);
  validate->callback([&] {
    code = validate_command(validated, validated_overrides.set, validated_overrides.chosen_seed(),
                            validated_overrides.chosen_until());
  });

  std::string key;
  CLI::App* explained = command(
      "explain", "meaning, unit, default, range and source of a setting, or of all",
      "Examples:\n"
      "  metavox explain oxygen.diffusivity          # one setting\n"
      "  metavox explain oxygen                      # a section\n"
      "  metavox explain | grep -i necro             # in which settings does the word stand?");
  explained->add_option("key", key, "setting or section; default: all")->type_name("KEY");
  explained->callback([&] {
    std::string text = key.empty() ? explain_all() : explain(key);
    if (text.empty() || text.back() != '\n') text += '\n';
    std::fputs(text.c_str(), stdout);
  });

  CLI::App* schema = command(
      "schema", "JSON Schema of configurations, for editors",
      "Examples:\n"
      "  metavox schema > metavox.schema.json\n"
      "\n"
      "Editors that know the YAML language server complete and check a configuration whose\n"
      "first line is '# yaml-language-server: $schema=metavox.schema.json'.");
  schema->callback([&] {
    std::string text = json_schema();
    if (text.empty() || text.back() != '\n') text += '\n';
    std::fputs(text.c_str(), stdout);
  });

  std::string hashed;
  CLI::App* hash = command("hash", "the state hash of a run or checkpoint",
                           "Examples:\n"
                           "  metavox hash runs/first\n"
                           "  metavox hash runs/first/checkpoints/step_00000480.h5\n"
                           "  test \"$(metavox hash runs/first)\" = \"$(metavox hash runs/again)\" "
                           "&& echo the same bits");
  hash->add_option("what", hashed, "run folder or checkpoint")
      ->required()
      ->type_name("RUN|CHECKPOINT");
  hash->callback([&] { code = hash_command(hashed); });

  std::string verified;
  CLI::App* verify =
      command("verify", "re-read every file of a run against its checksums",
              "Examples:\n"
              "  metavox verify runs/first && echo intact\n"
              "\n"
              "Code 3 if a file is missing or altered; files you added are mentioned only.");
  verify->add_option("run", verified, "run folder")->required()->type_name("RUN");
  verify->callback([&] { code = verify_command(verified); });

  CLI::App* check = command(
      "selfcheck", "a hash per functor, to compare machines",
      "Examples:\n"
      "  metavox selfcheck > here.txt\n"
      "  diff here.txt there.txt && echo the same bits      # there.txt: from another machine");
  check->callback([&] { code = selfcheck_command(); });

  CLI::App* info = command("info", "build, back ends and devices",
                           "Examples:\n"
                           "  metavox info\n"
                           "  metavox info | grep cuda                    # can this program use "
                           "the GPU of this machine?");
  info->callback([&] { code = info_command(); });

  BenchOptions bench_options;
  CLI::App* bench_app = command("bench", "time and bandwidth of every functor",
                                "Examples:\n"
                                "  metavox bench --size 64                     # a first look\n"
                                "  metavox bench --size 256 --backend cpu --json bench.json");
  bench_app->add_option("--size", bench_options.size, "voxels along an edge")
      ->check(CLI::Range(8, 4096))
      ->capture_default_str()
      ->type_name("N");
  bench_app->add_option("--backend", bench_options.backend, "auto, cpu or cuda")
      ->check(backends)
      ->type_name("NAME");
  bench_app->add_option("--threads", bench_options.threads, "CPU threads; default: all")
      ->check(CLI::Range(0, 4096))
      ->type_name("N");
  bench_app->add_option("--json", bench_options.json, "also write the table to this file")
      ->type_name("FILE");
  bench_app->callback([&] { code = bench(bench_options); });

  SweepOptions sweep_options;
  std::string sweep_file, sweep_output;
  CLI::App* sweep_app =
      command("sweep", "replicates times a grid of settings, into one table",
              "Examples:\n"
              "  metavox sweep diffusivity.yaml              # into runs/diffusivity\n"
              "  metavox sweep diffusivity.yaml -o runs/grid --jobs 4\n"
              "\n"
              "with diffusivity.yaml:\n"
              "  config: tumour.yaml\n"
              "  replicates: 3\n"
              "  seed: 1\n"
              "  until: 10 day\n"
              "  grid:\n"
              "    oxygen.diffusivity: [1e5 um^2/min, 1.2e5 um^2/min]\n"
              "\n"
              "Started again, it skips finished members and continues the others.");
  sweep_app->add_option("sweep", sweep_file, "description of the sweep (YAML)")
      ->required()
      ->type_name("SWEEP");
  sweep_app->add_option("-o,--output", sweep_output, "folder of the sweep; default: runs/NAME")
      ->type_name("DIR");
  sweep_app->add_option("--jobs", sweep_options.jobs, "members that run at the same time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->type_name("N");
  sweep_app->callback([&] {
    sweep_options.sweep = sweep_file;
    sweep_options.output = sweep_output;
    code = sweep(sweep_options);
  });

  // Last, as commands inherit what is there when they are added.
  app.set_help_all_flag("--help-all", "print the help of every command and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Help and version are no errors.
    return app.exit(e) == 0 ? exit_done : exit_config;
  }
  if (app.get_subcommands().empty()) {
    std::fputs(app.help().c_str(), stderr);
    return exit_config;
  }
  return code;
}

} // namespace

// OpenMP teams wait for each other by spinning. On a machine that other programs share, a team
// whose member has lost its core then burns the core it waits for, and a step takes ten times as
// long. Runtimes read how long to spin when they are loaded, so the program starts itself once more
// with a short spin, unless the user has an opinion.
static void limit_spinning(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY") ||
      std::getenv("KMP_BLOCKTIME"))
    return;
  setenv("GOMP_SPINCOUNT", "20000", 1); // about 50 us
  setenv("KMP_BLOCKTIME", "0", 1);
#if defined(__linux__)
  execv("/proc/self/exe", argv); // returns only where it cannot be done, which does no harm
#endif
  static_cast<void>(argv);
}

int main(int argc, char** argv) {
  limit_spinning(argv);
  // A file that grows too large, or a terminal that went away, is an error to report, not a death.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  return guarded([&] { return run_program(argc, argv); });
}
