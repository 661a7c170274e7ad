#include "program/command_line.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "body/body_config.hpp"
#include "input/text_lines.hpp"
#include "program/bench.hpp"
#include "program/calibrate.hpp"
#include "program/calibrate_body.hpp"
#include "program/calibrate_counters.hpp"
#include "program/calibrate_shedding.hpp"
#include "program/chain.hpp"
#include "program/cohort.hpp"
#include "program/info.hpp"
#include "program/list.hpp"
#include "program/lodge.hpp"
#include "program/run.hpp"
#include "program/selfcheck.hpp"
#include "program/sweep.hpp"
#include "record/build_info.hpp"
#include "record/verify.hpp"
#include "settings/explain.hpp"
#include "settings/schema.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace {

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

// Whole numbers as configurations may write them, in the form that the parser knows.
CLI::Validator whole_number() {
  return CLI::Validator(
      [](std::string& text) {
        const Whole whole = parse_whole(text);
        if (whole.form == Whole::Form::whole)
          text = (whole.negative ? "-" : "") + std::to_string(whole.size);
        return std::string();
      },
      "", "whole number");
}

// What replaces settings of the file, the same for every command that reads one.
struct Overrides {
  std::string seed, until;
  std::vector<std::string> set;
  CLI::Option *seed_option = nullptr, *until_option = nullptr;

  void offer(CLI::App& app) {
    offer_seed_and_set(app);
    until_option = app.add_option("--until", until, "replaces simulation.duration, e.g. '10 day'")
                       ->type_name("T");
  }
  void offer_seed_and_set(CLI::App& app) {
    // Taken as text: the parser would let -3 pass for a large number.
    seed_option = app.add_option("--seed", seed, "replaces simulation.seed")
                      ->type_name("N")
                      ->check([](const std::string& text) {
                        return parsed<std::uint64_t>(text)
                                   ? std::string()
                                   : "a seed is an integer from 0 to 2^64 - 1";
                      });
    app.add_option("--set", set,
                   "replaces a setting, e.g. oxygen.diffusivity='1e5 um^2/min'; may be repeated")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  std::optional<std::uint64_t> chosen_seed() const {
    return seed_option->count() > 0 ? parsed<std::uint64_t>(seed) : std::nullopt;
  }
  std::optional<std::string> chosen_until() const {
    return until_option->count() > 0 ? std::optional(until) : std::nullopt;
  }
};

CLI::IsMember backends() { return CLI::IsMember({"auto", "cpu", "cuda"}); }

void print(std::string text) {
  if (text.empty() || text.back() != '\n') text += '\n';
  std::fputs(text.c_str(), stdout);
}

// The commands with their options, and what was typed.
class CommandLine {
public:
  CommandLine(int argc, char** argv) : argc_(argc), argv_(argv) {
    describe();
    offer_run();
    offer_validate();
    offer_explain();
    offer_list();
    offer_schema();
    offer_hash();
    offer_verify();
    offer_selfcheck();
    offer_info();
    offer_bench();
    offer_sweep();
    offer_calibrate();
    offer_chain();
    offer_lodge();
    // Last, as commands inherit what is there when they are added.
    app_.set_help_all_flag("--help-all", "print the help of every command and exit");
  }

  int run() {
    try {
      app_.parse(argc_, argv_);
    } catch (const CLI::ParseError& e) {
      // Help and version are no errors.
      return app_.exit(e) == 0 ? exit_done : exit_config;
    }
    if (app_.get_subcommands().empty()) {
      std::fputs(app_.help().c_str(), stderr);
      return exit_config;
    }
    return code_;
  }

private:
  CLI::App* command(const char* name, const char* about, const char* footer) {
    CLI::App* sub = app_.add_subcommand(name, about);
    sub->footer(footer);
    return sub;
  }

  void describe() {
    app_.name("metavox");
    app_.require_subcommand(0, 1);
    app_.set_version_flag("--version", "metavox " + version());
    app_.footer(
        "Examples:\n"
        "  metavox validate tumour.yaml                # is it right, and what will its run take?\n"
        "  metavox run tumour.yaml -o runs/first       # run it\n"
        "  metavox run tumour.yaml --restart runs/first/checkpoints/step_00000480.h5 --until '3 "
        "day'\n"
        "  metavox run tumour.yaml -o runs/thin --set oxygen.diffusivity='1e5 um^2/min' --seed 7\n"
        "  metavox explain oxygen.diffusivity          # meaning, unit, default, range, source\n"
        "  metavox list kinds                          # what stands in voxels, and by which "
        "codes?\n"
        "  metavox verify runs/first                   # is every file as it was written?\n"
        "\n"
        "Exit codes: 0 done, 2 usage or configuration, 3 input or output, 4 resources,\n"
        "            5 numerical, 130 interrupted with a checkpoint.\n"
        "'metavox COMMAND -h' tells more about a command, --help-all about all.");
  }

  void offer_run() {
    CLI::App* run_app = command(
        "run", "run a simulation",
        "Examples:\n"
        "  metavox run tumour.yaml                     # into runs/tumour\n"
        "  metavox run tumour.yaml -o runs/dense --set tissue.parenchyma=0.4 --threads 8\n"
        "  metavox run tumour.yaml -o runs/dense --force --set cycle.law=physicell --seed 7 "
        "--quiet\n"
        "  metavox run tumour.yaml --restart runs/tumour/checkpoints/step_00000480.h5 --until '3 "
        "day'\n"
        "  metavox run tumour.yaml -o runs/job --resume    # however often a job is started\n"
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
        "Ctrl-C, or a signal that ends a job, finishes the step, writes a checkpoint and leaves "
        "with code 130.");
    run_app->add_option("config", config_, "configuration (YAML)")->required()->type_name("CONFIG");
    run_app
        ->add_option("-o,--output", output_,
                     "run folder; default: that of the checkpoint, or runs/NAME of the simulation")
        ->type_name("DIR");
    run_app
        ->add_option("--backend", run_.backend,
                     "auto, cpu or cuda; auto takes a GPU if there is one")
        ->check(backends())
        ->type_name("NAME");
    offer_device(*run_app, run_.device);
    run_app->add_option("--threads", run_.threads, "CPU threads; default: as many as pay")
        ->transform(whole_number())
        ->check(CLI::Range(0, 4096))
        ->type_name("N");
    overrides_.offer(*run_app);
    run_app
        ->add_option(
            "--restart", restart_,
            "continues from a checkpoint of the same settings, or the newest whole one of a run")
        ->type_name("RUN|CHECKPOINT");
    CLI::Option* resume = run_app->add_flag("--resume", run_.resume,
                                            "goes on in the run folder from its newest whole "
                                            "checkpoint, or starts where there is none");
    run_app->add_flag("--force", run_.force, "replaces a former run in the run folder")
        ->excludes(resume);
    resume->excludes("--restart");
    run_app->add_flag("--profile", run_.profile,
                      "tells at the end, and in profile.csv, what the time went into");
    run_app->add_flag("--quiet", run_.quiet, "prints the final hash and errors only");
    run_app->callback([this] {
      run_.config = config_;
      run_.output = output_;
      run_.restart = restart_;
      run_.set = overrides_.set;
      run_.seed = overrides_.chosen_seed();
      run_.until = overrides_.chosen_until();
      run_.command = shell_text(argc_, argv_);
      code_ = has_body(run_.config) ? run_cohort(run_) : metavox::run(run_);
    });
  }

  void offer_validate() {
    CLI::App* validate = command(
        "validate", "check a configuration; print what its run takes and writes",
        "Examples:\n"
        "  metavox validate tumour.yaml\n"
        "  metavox validate tumour.yaml --set domain.voxels='[512, 512, 512]'   # what would "
        "that take?\n"
        "  metavox validate tumour.yaml && metavox run tumour.yaml -o runs/checked");
    validate->add_option("config", validated_, "configuration (YAML)")
        ->required()
        ->type_name("CONFIG");
    validated_overrides_.offer(*validate);
    validate->callback([this] {
      const auto check = has_body(validated_) ? validate_body : validate_command;
      code_ = check(validated_, validated_overrides_.set, validated_overrides_.chosen_seed(),
                    validated_overrides_.chosen_until());
    });
  }

  void offer_explain() {
    CLI::App* explained = command(
        "explain", "meaning, unit, default, range and source of a setting, or of all",
        "Examples:\n"
        "  metavox explain oxygen.diffusivity          # one setting\n"
        "  metavox explain oxygen                      # a section\n"
        "  metavox explain soil                        # all settings of that name\n"
        "  metavox explain | grep -i necro             # in which settings does the word stand?");
    explained->add_option("key", key_, "setting or section; default: all")->type_name("KEY");
    explained->callback([this] {
      print(key_.empty() ? explain_all(all_settings()) : explain(key_, all_settings()));
    });
  }

  void offer_list() {
    CLI::App* list = command(
        "list", "a table of the program: kinds of cells, columns, settings ...",
        "Examples:\n"
        "  metavox list kinds                          # names and codes in frames and inputs\n"
        "  metavox list settings --json > settings.json");
    list->add_option("table", listed_, "which table")
        ->required()
        ->check(CLI::IsMember(table_names()))
        ->type_name("TABLE");
    list->add_flag("--json", as_json_, "as a JSON array with an object per row");
    list->callback([this] { print(table_text(listed_, as_json_)); });
  }

  void offer_schema() {
    CLI::App* schema = command(
        "schema", "JSON Schema of configurations, for editors",
        "Examples:\n"
        "  metavox schema > metavox.schema.json\n"
        "\n"
        "Editors that know the YAML language server complete and check a configuration whose\n"
        "first line is '# yaml-language-server: $schema=metavox.schema.json'.");
    schema->callback([] { print(json_schema(all_settings())); });
  }

  void offer_hash() {
    CLI::App* hash =
        command("hash", "the state hash of a run or checkpoint",
                "Examples:\n"
                "  metavox hash runs/first\n"
                "  metavox hash runs/first/checkpoints/step_00000480.h5\n"
                "  test \"$(metavox hash runs/first)\" = \"$(metavox hash runs/again)\" "
                "&& echo the same bits");
    hash->add_option("what", hashed_, "run folder or checkpoint")
        ->required()
        ->type_name("RUN|CHECKPOINT");
    hash->callback([this] { code_ = hash_command(hashed_); });
  }

  void offer_verify() {
    CLI::App* verify =
        command("verify", "re-read every file of a run against its checksums",
                "Examples:\n"
                "  metavox verify runs/first && echo intact\n"
                "\n"
                "Code 3 if a file is missing or altered; files you added are mentioned only.");
    verify->add_option("run", verified_, "run folder")->required()->type_name("RUN");
    verify->callback([this] { code_ = verify_command(verified_); });
  }

  static void offer_device(CLI::App& command, int& device) {
    command
        .add_option(
            "--device", device,
            "which GPU, by CUDA's number; default: the first that CUDA_VISIBLE_DEVICES lists")
        ->transform(whole_number())
        ->check(CLI::Range(0, 1023))
        ->type_name("N");
  }

  void offer_selfcheck() {
    CLI::App* check = command(
        "selfcheck", "a hash per functor, to compare machines",
        "Examples:\n"
        "  metavox selfcheck > here.txt\n"
        "  diff here.txt there.txt && echo the same bits      # there.txt: from another machine");
    check->add_option("--backend", selfchecked_, "auto, cpu or cuda")
        ->check(backends())
        ->type_name("NAME");
    offer_device(*check, device_);
    check->callback([this] { code_ = selfcheck_command(selfchecked_, device_); });
  }

  void offer_info() {
    CLI::App* info = command("info", "build, back ends and devices",
                             "Examples:\n"
                             "  metavox info\n"
                             "  metavox info | grep cuda                    # can this program use "
                             "the GPU of this machine?");
    info->callback([this] { code_ = info_command(std::string("CLI11 ") + CLI11_VERSION); });
  }

  void offer_bench() {
    CLI::App* bench_app = command("bench", "time and bandwidth of every functor",
                                  "Examples:\n"
                                  "  metavox bench --size 64                     # a first look\n"
                                  "  metavox bench --size 256 --backend cpu --json bench.json");
    bench_app->add_option("--size", bench_.size, "voxels along an edge")
        ->transform(whole_number())
        ->check(CLI::Range(8, 4096))
        ->capture_default_str()
        ->type_name("N");
    bench_app->add_option("--backend", bench_.backend, "auto, cpu or cuda")
        ->check(backends())
        ->type_name("NAME");
    offer_device(*bench_app, bench_.device);
    bench_app->add_option("--threads", bench_.threads, "CPU threads; default: as many as pay")
        ->transform(whole_number())
        ->check(CLI::Range(0, 4096))
        ->type_name("N");
    bench_app
        ->add_option("--only", bench_.only, "parts: solver, step, vessels, blood; default: all")
        ->type_name("PARTS");
    bench_app->add_option("--json", bench_.json, "also write the numbers to this file")
        ->type_name("FILE");
    bench_app->callback([this] { code_ = bench(bench_); });
  }

  void offer_sweep() {
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
                "With 'one_at_a_time: true' each value of the grid is tried alone.\n"
                "Started again, it skips finished members and continues the others.");
    sweep_app->add_option("sweep", sweep_file_, "description of the sweep (YAML)")
        ->required()
        ->type_name("SWEEP");
    sweep_app->add_option("-o,--output", sweep_output_, "folder of the sweep; default: runs/NAME")
        ->type_name("DIR");
    sweep_app->add_option("--jobs", sweep_.jobs, "members that run at the same time")
        ->transform(whole_number())
        ->check(CLI::Range(1, 4096))
        ->capture_default_str()
        ->type_name("N");
    sweep_app->callback([this] {
      sweep_.sweep = sweep_file_;
      sweep_.output = sweep_output_;
      code_ = sweep(sweep_);
    });
  }

  void offer_calibrate() {
    CLI::App* app = command(
        "calibrate", "the setting with which a measured number comes out as it was measured",
        "Examples:\n"
        "  metavox calibrate growth --speed '40 um/day'            # growth.mobility\n"
        "  metavox calibrate growth --stress '5 kPa' --share 0.5   # growth.half_pressure\n"
        "  metavox calibrate growth --doubling '160 day' --diameter '3 mm' > share.yaml\n"
        "  metavox calibrate shedding runs/intravasation           # intravasation.rate\n"
        "  metavox calibrate counters runs/intravasation           # body.lesions.radial_rate\n"
        "  metavox calibrate soil configs/organs.yaml --from breast --from lung\n"
        "  metavox calibrate human configs/cohort.yaml --set body.primary=lung --metastatic 0.42\n"
        "\n"
        "What is printed is YAML: a comment for every measurement, then the setting to paste.\n"
        "The experiments are configs/calibration/*.yaml of the sources: a free spheroid, clones\n"
        "under a stress, an eighth of a tumour in tissue. Measurements by --speed take some 10 s,\n"
        "by --stress 1 s, by --doubling of 3 mm some 3 minutes, of 1 mm 20 s (two CPU cores);\n"
        "two to six are made, and one for every further seed.\n"
        "\n"
        "Of shedding the experiment is a run of yours, with intravasation.enabled: over its\n"
        "second half as many cells shall leave as tumours were measured to shed (--preset rat),\n"
        "or as what is known of patients lets one assume (human). Of counters as well: the law\n"
        "of their growth is fitted to its first half (--until) and held against the rest.\n"
        "\n"
        "Soil follows from how often organs are found with metastases, and from where cells\n"
        "land; of several primaries also as a product. human: what is left in a patient of the\n"
        "chance to found a lesion, so that so many (--metastatic) have a visible metastasis when\n"
        "the primary is found, or before death where it stays (--set body.observer.removes=\n"
        "false); a dozen cohorts, some 20 s.");
    app->add_option("what", calibrated_, "what is calibrated")
        ->required()
        ->check(CLI::IsMember({"growth", "shedding", "counters", "soil", "human"}))
        ->type_name("WHAT");
    app->add_option("run", calibrated_run_,
                    "run folder, for shedding and counters; configuration, for soil and human")
        ->type_name("RUN");
    app->add_option("--preset", shedding_.preset, "of shedding: rat or human")
        ->check(CLI::IsMember({"rat", "human"}))
        ->capture_default_str()
        ->type_name("NAME");
    app->add_option("--shed", shedding_.share,
                    "share of the 3.2e6 cells per gram and day; default: the preset's, 1 or 0.02")
        ->check(CLI::Range(1e-9, 1e9))
        ->type_name("X");
    app->add_option("--exponent", shedding_.exponent,
                    "a: N cells shed as N^(1-a); default: the preset's, 0 or 1/3")
        ->check(CLI::Range(0.0, 1.0))
        ->type_name("A");
    offer_body(app);
    offer_growth(app);
    app->callback([this, app] {
      refuse_others(*app);
      shedding_.run = counters_.run = calibrated_run_;
      soil_.config = human_.config = calibrated_run_;
      soil_.set = human_.set = calibrate_.set;
      human_.threads = calibrate_.threads;
      calibrate_.config = calibration_config_;
      code_ = calibrated_ == "shedding"   ? calibrate_shedding(shedding_)
              : calibrated_ == "counters" ? calibrate_counters(counters_)
              : calibrated_ == "soil"     ? calibrate_soil(soil_)
              : calibrated_ == "human"    ? calibrate_human(human_)
                                          : calibrate(calibrate_);
    });
  }

  // What is calibrated has options of its own, and a place to look at, or makes runs itself.
  struct Calibrated {
    const char* word;
    std::vector<std::string> own; // options; of growth: all that nobody else has
    const char* place;            // to be named; null: none
  };
  static const std::vector<Calibrated>& calibrations() {
    static const std::vector<Calibrated> all{
        {"growth", {}, nullptr},
        {"shedding",
         {"--preset", "--shed", "--exponent"},
         "name the run that sheds: metavox calibrate shedding runs/NAME"},
        {"counters",
         {"--until", "--fastest", "--organ"},
         "name a run of a lattice: metavox calibrate counters runs/NAME"},
        {"soil",
         {"--from", "--set"},
         "name a configuration with a section body: metavox calibrate soil configs/organs.yaml"},
        {"human",
         {"--metastatic", "--patients", "--set", "--threads"},
         "name a configuration with a section body: metavox calibrate human configs/cohort.yaml "
         "--metastatic 0.42"}};
    return all;
  }

  void refuse_others(const CLI::App& app) const {
    const auto has = [](const Calibrated& c, const std::string& name) {
      return std::find(c.own.begin(), c.own.end(), name) != c.own.end();
    };
    const auto& all = calibrations();
    const Calibrated& asked = *std::find_if(
        all.begin(), all.end(), [&](const Calibrated& c) { return c.word == calibrated_; });
    for (const CLI::Option* option : app.get_options()) {
      const std::string name = option->get_name();
      if (option->count() == 0 || name == "what" || name == "run" || has(asked, name)) continue;
      const bool shared = name == "--set" || name == "--threads"; // with growth
      const auto other =
          std::find_if(all.begin(), all.end(), [&](const Calibrated& c) { return has(c, name); });
      const Calibrated& owner = shared || other == all.end() ? all.front() : *other;
      if (&asked == &owner) continue;
      std::string own;
      for (const std::string& one : asked.own) own += (own.empty() ? "" : ", ") + one;
      throw ConfigError(name + " is of " + owner.word +
                        (own.empty() ? "" : "; " + calibrated_ + " has " + own));
    }
    if (asked.place != nullptr && calibrated_run_.empty()) throw ConfigError(asked.place);
    if (asked.place == nullptr && !calibrated_run_.empty())
      throw ConfigError("calibrate " + calibrated_ + " makes runs of its own; remove " +
                        calibrated_run_);
  }

  void offer_body(CLI::App* app) {
    app->add_option("--until", counters_.until,
                    "of counters: the day until which they are fitted; default: half of the run")
        ->check(CLI::Range(1e-6, 1e6))
        ->type_name("DAY");
    app->add_option("--fastest", counters_.fastest,
                    "of counters: the rate that cells cannot exceed")
        ->capture_default_str()
        ->type_name("R");
    app->add_option(
           "--organ", counters_.organ,
           "of counters: the organ of configs/organs.yaml whose tissue the run is of; its\n"
           "pair of numbers is for metastases there")
        ->type_name("NAME");
    app->add_option("--from", soil_.from,
                    "of soil: a primary of body.primaries, may be repeated; default: body.primary")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("NAME");
    app->add_option("--metastatic", human_.metastatic,
                    "of human: share of patients with a visible metastasis at first")
        ->check(CLI::Range(1e-4, 0.9999))
        ->type_name("X");
    app->add_option("--patients", human_.patients, "of human: in each cohort that is tried")
        ->transform(whole_number())
        ->check(CLI::Range(10, 1000000))
        ->capture_default_str()
        ->type_name("N");
  }

  void offer_growth(CLI::App* app) {
    CalibrateOptions& o = calibrate_;
    app->add_option("--speed", o.speed, "at which the radius of a free spheroid grows")
        ->type_name("V");
    CLI::Option* stress =
        app->add_option("--stress", o.stress, "that leaves a share of births")->type_name("P");
    app->add_option("--share", o.share, "of births that --stress leaves")
        ->check(CLI::Range(0.02, 0.98))
        ->needs(stress)
        ->capture_default_str()
        ->type_name("X");
    CLI::Option* doubling =
        app->add_option("--doubling", o.doubling, "time in which the volume of a tumour doubles")
            ->type_name("T");
    app->add_option("--diameter", o.diameter, "of that tumour")
        ->needs(doubling)
        ->capture_default_str()
        ->type_name("L");
    app->add_option("--seeds", o.seeds, "runs at the result, for its spread")
        ->transform(whole_number())
        ->check(CLI::Range(1, 1000))
        ->capture_default_str()
        ->type_name("N");
    app->add_option("--tolerance", o.tolerance, "how near to the measured number is near enough")
        ->check(CLI::Range(0.001, 1.0))
        ->capture_default_str()
        ->type_name("X");
    app->add_option("--config", calibration_config_, "another experiment, a configuration (YAML)")
        ->type_name("CONFIG");
    app->add_option("--set", o.set, "replaces a setting of the experiment; may be repeated")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app->add_option("--backend", o.backend, "auto, cpu or cuda")
        ->check(backends())
        ->type_name("NAME");
    offer_device(*app, o.device);
    app->add_option("--threads", o.threads, "CPU threads; default: as many as pay")
        ->transform(whole_number())
        ->check(CLI::Range(0, 4096))
        ->type_name("N");
  }

  void offer_chain() {
    CLI::App* app = command(
        "chain", "where the cells of a primary lodge",
        "Examples:\n"
        "  metavox chain configs/organs.yaml --from breast --pass 0.5\n"
        "  metavox chain configs/organs.yaml --from colon --json > colon.json\n"
        "  metavox chain configs/organs.yaml --set body.preset=rat\n"
        "\n"
        "A cell that leaves goes with the blood, bed after bed, until one keeps it. Printed are "
        "the\n"
        "visits to each chamber of the heart, how long a cell flows, and the share of cells that\n"
        "lodges in each organ, with the soil it finds there.");
    app->add_option("config", chain_config_, "a configuration with a section body (YAML)")
        ->required()
        ->type_name("CONFIG");
    app->add_option("--from", chain_.from, "a primary of body.primaries; default: body.primary")
        ->type_name("NAME");
    app->add_option("--pass", chain_.pass, "replaces body.pass, the share that gets through a bed")
        ->type_name("X");
    app->add_option("--set", chain_.set, "replaces a setting; may be repeated")
        ->type_name("KEY=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app->add_flag("--json", chain_.json, "as JSON");
    app->callback([this] {
      chain_.config = chain_config_;
      code_ = chain(chain_);
    });
  }

  void offer_lodge() {
    CLI::App* app = command(
        "lodge", "where cells that come with the blood would lodge in a bed of vessels",
        "Examples:\n"
        "  metavox lodge bed.yaml                      # 10,000 cells, and bed_lodged.csv\n"
        "  metavox lodge bed.yaml -n 100 --seed 7 -o few.csv\n"
        "  metavox lodge bed.yaml --set lodging.pass=0.95 # as in the rat\n"
        "\n"
        "with bed.yaml, for example:\n"
        "  domain:\n"
        "    size: [0.6 mm, 0.6 mm, 0.6 mm]\n"
        "  vessels:\n"
        "    pattern: grid\n"
        "    spacing: 100 um\n"
        "\n"
        "Cells divide at forks as the blood does and lodge on their way by the settings of\n"
        "`lodging`. Shares are exact, numbers are drawn. The table has a row per segment.");
    app->add_option("config", lodge_config_, "configuration (YAML) with vessels")
        ->required()
        ->type_name("CONFIG");
    app->add_option("-n,--number", lodge_.arrivals, "cells that arrive")
        ->transform(whole_number())
        ->check(CLI::Range(0, 1000000000))
        ->capture_default_str()
        ->type_name("N");
    app->add_option("-o,--output", lodge_.output,
                    "table, a row per segment; default: CONFIG's name and _lodged.csv")
        ->type_name("FILE");
    lodge_overrides_.offer_seed_and_set(*app);
    app->callback([this] {
      lodge_.config = lodge_config_;
      lodge_.set = lodge_overrides_.set;
      lodge_.seed = lodge_overrides_.chosen_seed();
      code_ = lodge(lodge_);
    });
  }

  const int argc_;
  char** const argv_;
  CLI::App app_{"metavox: growth of a tumour in tissue, voxel by voxel.\n"
                "The same configuration and seed give the same bits on every machine."};
  int code_ = exit_done;
  RunOptions run_;
  bool as_json_ = false;
  int device_ = -1;
  std::string selfchecked_ = "auto";
  std::string config_, output_, restart_, validated_, key_, listed_, hashed_, verified_,
      sweep_file_, sweep_output_;
  Overrides overrides_, validated_overrides_;
  BenchOptions bench_;
  SweepOptions sweep_;
  CalibrateOptions calibrate_;
  SheddingOptions shedding_;
  CountersOptions counters_;
  SoilOptions soil_;
  HumanOptions human_;
  std::string calibrated_, calibrated_run_, calibration_config_;
  ChainOptions chain_;
  std::string chain_config_;
  LodgeOptions lodge_;
  std::string lodge_config_;
  Overrides lodge_overrides_;
};

} // namespace

int run_program(int argc, char** argv) { return CommandLine(argc, argv).run(); }

} // namespace metavox
