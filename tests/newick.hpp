// A small reader of trees in Newick's form, for tests: labels plain or in quotes, lengths, one tree
// after the other. Throws std::runtime_error where they are none.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace metavox::support {

struct NewickNode {
  std::string name;
  double length = 0;
  std::vector<NewickNode> below;
};

class NewickReader {
public:
  explicit NewickReader(const std::string& text) : text_(text) {}
  std::vector<NewickNode> all() {
    std::vector<NewickNode> trees;
    while (skip_space()) {
      trees.push_back(node());
      expect(';');
    }
    return trees;
  }

private:
  bool skip_space() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == ' ')) ++at_;
    return at_ < text_.size();
  }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void expect(char c) {
    if (here() != c)
      throw std::runtime_error(std::string("no ") + c + " at " + text_.substr(at_, 40));
    ++at_;
  }
  NewickNode node() {
    NewickNode n;
    if (here() == '(') {
      do {
        ++at_;
        n.below.push_back(node());
      } while (here() == ',');
      expect(')');
    }
    n.name = label();
    if (here() == ':') {
      ++at_;
      char* end = nullptr;
      n.length = std::strtod(text_.c_str() + at_, &end);
      if (end == text_.c_str() + at_) throw std::runtime_error("no length");
      at_ = static_cast<std::size_t>(end - text_.c_str());
    }
    return n;
  }
  std::string label() {
    std::string name;
    if (here() == '\'') {
      ++at_;
      while (here() != '\'') {
        if (at_ >= text_.size()) throw std::runtime_error("no end of a quote");
        name += text_[at_++];
      }
      ++at_;
      return name;
    }
    // A blank, and an underscore that stands for one, need quotes.
    while (at_ < text_.size() && std::string("()[]':;, \t\n_").find(here()) == std::string::npos)
      name += text_[at_++];
    if (name.empty()) throw std::runtime_error("no name at " + text_.substr(at_, 40));
    return name;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

inline std::vector<NewickNode> parse_newick(const std::string& text) {
  return NewickReader(text).all();
}

// Of a node the one above it that is no clone, and how far it is from the root.
struct NewickPlace {
  std::string name, parent;
  double depth = 0;
  std::size_t below = 0; // nodes under it
};

inline void add_places(const NewickNode& n, const std::string& parent, double depth,
                       std::vector<NewickPlace>& places) {
  const bool clone = n.name.rfind("clone-", 0) == 0;
  depth += n.length;
  if (!clone) places.push_back({n.name, parent, depth, n.below.size()});
  for (const NewickNode& child : n.below) add_places(child, clone ? parent : n.name, depth, places);
}
inline std::vector<NewickPlace> places_of(const NewickNode& root) {
  std::vector<NewickPlace> places;
  add_places(root, "", 0, places);
  return places;
}

} // namespace metavox::support
