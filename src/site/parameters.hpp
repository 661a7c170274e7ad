// Every setting of a run as plain numbers in internal units: um, min, mmHg, nM, mM, cells;
// kPa where tissue pushes.
//
// Each struct stands beside the science that uses it, with the rows that give its members key,
// unit, default, range, source and meaning. Members carry no defaults of their own for that reason:
// read_config() fills all of them.
#pragma once

#include "cells/arrest_settings.hpp"
#include "cells/cell_settings.hpp"
#include "cells/intravasation_settings.hpp"
#include "cells/migration_settings.hpp"
#include "fields/glucose_settings.hpp"
#include "fields/growth_settings.hpp"
#include "fields/oxygen_settings.hpp"
#include "fields/signal_settings.hpp"
#include "fields/vegf_settings.hpp"
#include "site/output_settings.hpp"
#include "site/site_settings.hpp"
#include "tissue/lymphatic_settings.hpp"
#include "tissue/matrix_settings.hpp"
#include "tissue/serosa_settings.hpp"
#include "tissue/tissue_settings.hpp"
#include "vessels/flow_settings.hpp"
#include "vessels/growth_settings.hpp"
#include "vessels/lodging_settings.hpp"
#include "vessels/vessel_settings.hpp"

namespace metavox {

struct Parameters {
  SimulationParameters simulation;
  DomainParameters domain;
  TimeParameters time;
  FieldsParameters fields;
  OxygenParameters oxygen;
  GlucoseParameters glucose;
  ProteinaseParameters proteinase;
  InhibitorParameters inhibitor;
  VegfParameters vegf;
  MatrixParameters matrix;
  CycleParameters cycle;
  QuiescenceParameters quiescence;
  DeathParameters death;
  NormalParameters normal;
  StemParameters stem;
  MutationParameters mutation;
  TransitionParameters transition;
  MigrationParameters migration;
  TracerParameters tracers;
  GrowthParameters growth;
  TissueParameters tissue;
  VesselParameters vessels;
  SproutingParameters sprouting;
  FlowParameters flow;
  RegressionParameters regression;
  IntravasationParameters intravasation;
  LymphaticParameters lymphatics;
  SerosaParameters serosa;
  LodgingParameters lodging;
  ArrivalParameters arrivals;
  ArrestParameters arrest;
  LandingParameters landing;
  OutputParameters output;
};

} // namespace metavox
