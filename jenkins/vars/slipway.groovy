import com.cloudbees.groovy.cps.NonCPS

/**
 * Runs one command of slipway and returns its exit status. Words go to the shell in a variable, one a
 * line, so that no text of a pipeline is ever part of the script. exec makes slipway the process that
 * an abort reaches: it ends what it started, and its last lines are in the log.
 */
int call(List words) {
    String lines = oneEachLine(words)
    withEnv(["SLIPWAY_WORDS=${lines}"]) {
        return sh(label: "slipway ${words[0]}", returnStatus: true, script: '''\
            set -f
            IFS='
            '
            set -- $SLIPWAY_WORDS
            unset SLIPWAY_WORDS IFS
            exec "${SLIPWAY_PROGRAM:-slipway}" "$@"
            '''.stripIndent())
    }
}

/** The build's result for an exit status: nothing, unstable, or an error that says what to do. */
void finish(int status) {
    if (status == 10) {
        unstable('slipway: only failures that were allowed')
    } else if (status != 0) {
        error("slipway: exit status ${status}: ${meaning(status)}")
    }
}

/** Fails for a name that is not an option of the step. */
void check(String step, Map options, List known) {
    for (String name in namesOf(options)) {
        if (!known.contains(name)) {
            error("${step}: there is no option \"${name}\"; there are ${known.join(', ')}")
        }
    }
}

/** A list of what an option may be: one value, or a list of them. */
@NonCPS
List listOf(Object value) {
    if (value == null) {
        return []
    }
    return value instanceof Collection ? value.collect { it.toString() } : [value.toString()]
}

/** NAME=VALUE words for a map. */
@NonCPS
List pairsOf(Map values) {
    return (values ?: [:]).collect { name, value -> "${name}=${value}".toString() }
}

/** A flag before each of the values. */
@NonCPS
List flagged(String flag, List values) {
    return values.collectMany { [flag, it] }
}

@NonCPS
private List namesOf(Map options) {
    return options.keySet().collect { it.toString() }
}

@NonCPS
private String oneEachLine(List words) {
    for (word in words) {
        if (!word || word.toString().contains('\n')) {
            throw new IllegalArgumentException(
                'slipway: an argument is empty or has more than one line')
        }
    }
    return words.join('\n')
}

@NonCPS
private String meaning(int status) {
    Map meanings = [
        1: 'a command of the pipeline failed; its output is above',
        2: 'the command line, the pipeline file or the Dockerfile is wrong',
        3: 'a registry refused the credentials, or they do not permit this',
        4: 'infrastructure failed, after retries; it may work later, or in retry(2) { ... }',
        5: 'a time limit has passed',
        6: 'a policy or lint rule does not hold',
        70: 'a bug in slipway; please report it',
    ]
    return meanings[status] ?: (status > 128 ? "ended by signal ${status - 128}" : 'a command failed')
}
