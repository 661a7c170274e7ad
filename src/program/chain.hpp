// `metavox chain`: where the cells of a primary lodge.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "body/body_settings.hpp"

namespace metavox {

struct ChainOptions {
  std::filesystem::path config;
  std::string from; // one of body.primaries; empty: body.primary
  std::string pass; // as --set body.pass=; empty: as the file says
  std::vector<std::string> set;
  bool json = false;
};

// The primary that `--from` names. Throws ConfigError, with `file`, where there is none.
const PrimaryParameters& primary_from(const BodyParameters& body, const std::string& name,
                                      const std::filesystem::path& file);

// Prints the table. Throws ConfigError.
int chain(const ChainOptions& options);

} // namespace metavox
