// Papers and codes that several settings take numbers from.
#pragma once

#include <string_view>

namespace metavox::sources {

inline constexpr std::string_view owen =
    "Owen et al. 2011, Cancer Res 71:2826, value as coded in "
    "Owen11Parameters.cpp of github.com/jmsgrogan/MicrovesselChaste";
inline constexpr std::string_view franssen =
    "Franssen, Lorenzi, Burgess & Chaplain 2019, Bull Math Biol 81:1965, "
    "doi:10.1007/s11538-019-00597-x (numbers from the tables of MetaSpread, "
    "github.com/alfredohernandezinostroza/MetaSpread)";
inline constexpr std::string_view physicell =
    "Ghaffarizadeh et al. 2018, PLoS Comput Biol 14:e1005991, "
    "doi:10.1371/journal.pcbi.1005991";
inline constexpr std::string_view gell =
    "Gell, PLoS ONE 18(7):e0288721 (2023), Definitions.h, which repeats "
    "the hanging-drop example of PhysiCell";
inline constexpr std::string_view arcade =
    "ARCADE, parameter.patch.xml, github.com/bagherilab/ARCADE";
inline constexpr std::string_view spqsp =
    "SPQSP_IO_TNBC, param_all.xml, github.com/popellab/SPQSP_IO_TNBC";
inline constexpr std::string_view enderling =
    "scheme of Poleszczuk & Enderling 2014, Appl Math 5:144, doi:10.4236/am.2014.51017";
inline constexpr std::string_view carreau =
    "Carreau et al. 2011, J Cell Mol Med 15:1239, doi:10.1111/j.1582-4934.2011.01258.x";
inline constexpr std::string_view connor =
    "Connor et al. 2015, J R Soc Interface 12:20150546, value as coded in "
    "Connor17Parameters.cpp of "
    "github.com/jmsgrogan/MicrovesselChaste";
inline constexpr std::string_view anderson_chaplain =
    "Anderson & Chaplain 1998, Bull Math Biol 60:857, doi:10.1006/bulm.1998.0042 (quoted from "
    "memory and from re-implementations)";
inline constexpr std::string_view qspio =
    "QSPIO-TNBC, parameters_TNBC.m, github.com/HanwenWang95/QSPIO-TNBC";
inline constexpr std::string_view protection =
    "Alon et al. 1995, Nat Med 1:1024; Benjamin et al. 1999, J Clin Invest 103:159";
inline constexpr std::string_view adhesion_papers =
    "rule of the Khain 2007 and Deroulers 2009 type";
inline constexpr std::string_view run_choice = "assumed: a choice of the run, not of biology";

} // namespace metavox::sources
