#!/usr/bin/env bash
# The table of runs of one model: table.sh RUN..., from each run's report/results.csv. Dense scores are of the first run.
set -euo pipefail
awk -F, '
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    {
        task = $at["task"]; variant = $at["variant"]
        if (!(task in seen)) { seen[task] = 1; tasks[++n] = task }
        if (variant == "dense") {
            if (!(task in dense))
                dense[task] = sprintf("%.0f [%.0f, %.0f]", 100 * $at["mean"], 100 * $at["mean_low"], 100 * $at["mean_high"])
            next
        }
        if (!(variant in known)) { known[variant] = 1; variants[++m] = variant }
        mark = $at["verdict"] == "drops" ? " ▼" : $at["verdict"] == "holds" ? " ●" : ""
        cell[task, variant] = sprintf("%+.0f [%+.0f, %+.0f]%s", 100 * $at["delta"], 100 * $at["delta_low"], 100 * $at["delta_high"], mark)
    }
    END {
        printf "| task | dense |"; for (i = 1; i <= m; i++) printf " %s |", variants[i]; print ""
        printf "|---|---|"; for (i = 1; i <= m; i++) printf "---|"; print ""
        for (t = 1; t <= n; t++) {
            printf "| `%s` | %s |", tasks[t], dense[tasks[t]]
            for (i = 1; i <= m; i++) printf " %s |", cell[tasks[t], variants[i]]
            print ""
        }
    }' "${@/%//report/results.csv}"
