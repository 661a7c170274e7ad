# Completion of metavox for bash: commands, options, files, settings and their words. All of it is asked from the program
# itself, once per shell, so that nothing here can fall behind it.

declare -gA _metavox_answers=()

_metavox_ask() { # arguments of the program; its answer in REPLY
  local program=${COMP_WORDS[0]/#\~\//$HOME/}
  local key="$program $*"
  if [[ -z ${_metavox_answers[$key]+known} ]]; then
    _metavox_answers[$key]=$("$program" "$@" 2>/dev/null </dev/null)
  fi
  REPLY=${_metavox_answers[$key]}
}

_metavox_offer() { # words that begin like the current one
  local word
  for word in "$@"; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
  return 0
}

_metavox_files() { # folders, and files that match one of the patterns
  local pattern file
  compopt -o filenames 2>/dev/null
  while IFS= read -r file; do COMPREPLY+=("$file"); done < <(
    compgen -d -- "$cur"
    for pattern in "$@"; do compgen -f -X "!$pattern" -- "$cur"; done
  )
}

_metavox_settings() { # sections first, then what is in them; $1: what follows a whole name
  local name section last=
  local -a sections=() names=()
  _metavox_ask explain
  while read -r name _; do
    name=${name//\[\]/[0]}
    section=${name%%.*}
    if [[ $section != "$last" ]]; then sections+=("$section"); fi
    last=$section
    names+=("$name")
  done < <(grep '^[a-z]' <<<"$REPLY")
  if [[ $cur == *.* ]]; then
    _metavox_offer "${names[@]/%/$1}"
  elif [[ -n $1 ]]; then
    _metavox_offer "${sections[@]/%/.}"
  else
    _metavox_offer "${sections[@]}"
  fi
  if [[ -n $1 ]]; then compopt -o nospace 2>/dev/null; fi
}

_metavox_words_of() { # the words that a setting may have
  local name=$1
  if [[ $name =~ ^([^[]*)\[[0-9]+\](.*)$ ]]; then name=${BASH_REMATCH[1]}[]${BASH_REMATCH[2]}; fi
  _metavox_ask explain "$name"
  local first=${REPLY%%$'\n'*}
  local -a words
  case $first in
    *'    true or false') words=(true false) ;;
    *'    one of '*) read -ra words <<<"$(sed 's/.*    one of //; s/,//g; s/ or / /' <<<"$first")" ;;
    *) return 0 ;;
  esac
  _metavox_offer "${words[@]}"
}

_metavox_value() { # a value of the kind that the help names so
  case $1 in
    *'{'*'}'*) local set=${1#*\{}; local -a words; IFS=, read -ra words <<<"${set%%\}*}"; _metavox_offer "${words[@]}" ;;
    CONFIG | SWEEP) _metavox_files '*.yaml' '*.yml' ;;
    'RUN|CHECKPOINT') _metavox_files '*.h5' ;;
    RUN | DIR) _metavox_files ;;
    FILE) _metavox_files '*' ;;
    KEY) _metavox_settings '' ;;
    KEY=VALUE) _metavox_settings '=' ;;
  esac
}

_metavox() {
  local cur=${COMP_WORDS[COMP_CWORD]} REPLY name line
  COMPREPLY=()
  _metavox_ask --help
  local -a commands=()
  while read -r name _; do commands+=("$name"); done < <(sed -n '/^Subcommands:/,/^$/s/^  \([a-z]\)/\1/p' <<<"$REPLY")

  local command=
  if ((COMP_CWORD > 1)); then command=${COMP_WORDS[1]}; fi
  if [[ -z $command ]]; then
    if [[ $cur == -* ]]; then
      local -a options
      mapfile -t options < <(grep -oE '^  (-[a-zA-Z],)?--[a-z-]+' <<<"$REPLY" | sed 's/^  //; s/,/\n/')
      _metavox_offer "${options[@]}"
    else
      _metavox_offer "${commands[@]}"
    fi
    return 0
  fi
  [[ " ${commands[*]} " == *" $command "* ]] || return 0

  # Options of the command with the kind of their values, and the kind of what stands without an option.
  local -A kinds=()
  local positional=
  _metavox_ask "$command" --help
  while IFS= read -r line; do
    if [[ $line =~ ^\ \ ((-[a-zA-Z]),)?(--[a-z-]+)(\ ([^ ]+))? ]]; then
      local short=${BASH_REMATCH[2]} long=${BASH_REMATCH[3]} of=${BASH_REMATCH[5]}
      kinds[$long]=$of
      if [[ -n $short ]]; then kinds[$short]=$of; fi
    fi
  done < <(sed -n '/^Options:/,/^$/p' <<<"$REPLY")
  positional=$(sed -n '/^Positionals:/,/^$/s/^  [a-z]* \([^ ]*\).*/\1/p' <<<"$REPLY")

  # Where the cursor stands. NAME=VALUE comes in three pieces.
  local before=${COMP_WORDS[COMP_CWORD - 1]} key=''
  if [[ $cur == = ]]; then
    key=$before cur=
  elif [[ $before == = ]]; then
    key=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ -n $key ]]; then
    if [[ -n ${kinds[$key]-} ]]; then _metavox_value "${kinds[$key]}"; else _metavox_words_of "$key"; fi
  elif [[ -n ${kinds[$before]-} ]]; then
    _metavox_value "${kinds[$before]}"
  elif [[ $cur == -* ]]; then
    _metavox_offer "${!kinds[@]}"
  else # what stands without an option, once
    local i=2
    while ((i < COMP_CWORD)); do
      case ${COMP_WORDS[i]} in
        =) ((++i)) ;;
        -*) if [[ -n ${kinds[${COMP_WORDS[i]}]-} && ${COMP_WORDS[i + 1]} != = ]]; then ((++i)); fi ;;
        *) return 0 ;;
      esac
      ((++i))
    done
    _metavox_value "$positional"
  fi
  return 0
}

complete -F _metavox metavox
