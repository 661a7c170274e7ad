// The windows of a body: lattices around its primary, around founders, around lesions that a scan
// looks at and around the first natural cells that landed. They advance by the body's steps, tell
// it what they did, and are told what landed; one that has become too large, or whose cells are
// gone, closes, and its lesion is a counter again.
//
// Each window has a number, counted since the body began and never given again, and by that number
// a seed of its own. Window 0 is the primary's and has the bits of the site alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "body/body.hpp"
#include "body/travellers.hpp"
#include "site/site.hpp"

namespace metavox {

// Of a window that is open or was.
struct WindowRecord {
  std::int64_t number = 0;
  std::int64_t lesion = -1; // -1: of none; it shows a cell that found none
  Origin origin = Origin::natural;
  std::int32_t organ = 0;
  Fate fate = Fate::awake;
  std::int64_t opened = 0, closed = -1; // steps of the body; -1: open

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    a(s.number), a(s.lesion), a(s.origin), a(s.organ), a(s.fate), a(s.opened), a(s.closed);
  }
};

// "003-lung-forced": of its folder and in pictures.
std::string window_name(const WindowRecord& record, const BodyParameters& body);

// What a founder is like, drawn when it is founded: the record of a cell that left a window of its
// parent. Where its parent never had one that let cells go, what that began with; where nothing is
// known of that either, one of those that left the primary's; before any did, a default cell.
struct FounderRecord {
  Cell cell;
  bool travelled = false; // it is the record of one that left a window

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    visit_cell(s.cell, a), a(s.travelled);
  }
};

// The cell that a window was opened around; of a lesion that a scan found, the one it began with.
struct WindowFounder {
  std::int64_t window = 0;
  Cell cell;
  bool travelled = false;
  Parent parent;
};

struct OpenWindow {
  std::int64_t number;
  Site site;
  std::vector<Event> events;         // of the last step
  std::vector<Departure> departures; // likewise
};

class Windows {
public:
  // Of a body with this lattice for its primary. The plan is kept by reference.
  Windows(const Parameters& primary, const BodyPlan& plan, Executor executor);

  // Opens the primary's; returned are the cells that it begins with.
  std::int64_t open_primary(const ExternalArrays& external);

  // One step of the body and of all windows. `backwards`: they advance in the opposite order, which
  // changes nothing.
  StepReport step(Body& body, bool backwards = false);

  const std::vector<std::unique_ptr<OpenWindow>>& open() const { return open_; }
  const std::vector<WindowRecord>& all() const { return all_; }
  const std::vector<WindowFounder>& founders() const { return founders_; } // of the last step
  // Of a lesion, natural, forced or of a node; nullptr: it was founded before a restart, and
  // nothing depends on what it began with.
  const FounderRecord* founder_of(std::int64_t lesion, Origin origin) const;
  const WindowRecord& record(std::int64_t number) const {
    return all_[static_cast<std::size_t>(number)];
  }

  double width() const { return primary_.domain.voxels[0] * primary_.domain.spacing; } // um

  // The state but for the sites themselves.
  std::uint64_t hash() const;
  void save(std::vector<std::int64_t>& whole, std::vector<double>& real) const;
  // Opens the windows that were open; their arrays are to be written then. Throws NumericalError.
  void load(const std::vector<std::int64_t>& whole, const std::vector<double>& real,
            std::size_t& whole_at, std::size_t& real_at);

  // The arrays of the sites, "window_0003_kind", added to a snapshot; and back, after load(), from
  // one that holds these among others. Throws std::invalid_argument or NumericalError.
  void add_arrays(Snapshot& snapshot) const;
  void write_arrays(const Snapshot& snapshot, std::int64_t step); // of the body

  // A number of all lattices that may be open at once: of the primary's, and of as many windows of
  // the organ where it is largest.
  static std::uint64_t of_all(const Parameters& primary, const BodyParameters& body,
                              const std::function<std::uint64_t(const Parameters&)>& number);
  // Bytes on the back end of all windows that may be open at once, the primary's included.
  static std::uint64_t device_bytes(const Parameters& primary, const BodyParameters& body);
  // Of their states in a checkpoint.
  static std::uint64_t state_bytes(const Parameters& primary, const BodyParameters& body);

private:
  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive);

  OpenWindow& open_site(const WindowRecord& record, const ExternalArrays& external);
  void advance(OpenWindow& window, double waking_pace) const;
  WindowHour hour_of(const OpenWindow& window, const TumourBalance& before) const;
  void open_for(Body& body, const BodyEvent& event, StepReport& report);
  void scan(Body& body, StepReport& report);
  void look_at(Body& body, const Lesion& lesion, StepReport& report);
  WindowRecord next_record(const Lesion& lesion, std::int64_t step) const;
  bool opens_around(const Lesion& lesion) const;
  void remember(const Lesion& lesion);
  void show(const Body& body, const Landing& landing, StepReport& report);
  void close_some(Body& body, StepReport& report);
  bool too_many(const Parameters& lattice, std::int64_t cells) const;
  bool too_large(const OpenWindow& window, std::int64_t cells) const;
  bool any_left() const;
  void settle(const WindowRecord& record, const FounderRecord& founder, const Parent& parent);
  FounderRecord draw_record(const Parent& parent, std::optional<Phenotype> phenotype,
                            const Draw& d) const;
  WindowFounder founder_with(const WindowRecord& record, const FounderRecord& founder,
                             const Parent& parent, const Parameters& p) const;
  bool founders_matter() const;
  bool sheds(const WindowRecord& record) const;

  Parameters primary_;
  const BodyPlan* plan_;
  Executor executor_;
  std::uint64_t seed_;
  std::int64_t site_steps_; // in a step of the body
  std::vector<WindowRecord> all_;
  std::vector<std::unique_ptr<OpenWindow>> open_; // by number
  std::int64_t shown_ = 0;
  Travellers travellers_;                        // of the primary
  std::map<std::int64_t, Travellers> of_others_; // by lesion; forced ones let none go
  std::vector<WindowFounder> founders_;
  std::map<std::pair<std::int64_t, bool>, FounderRecord> known_; // by lesion and whether forced
};

} // namespace metavox
