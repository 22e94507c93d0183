import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonSlurperClassic

/** Runs a pipeline file, publishes its reports, and returns what it made. slipwayRun.txt has the options. */
Map call(Map options = [:]) {
    slipway.check('slipwayRun', options, ['file', 'stages', 'params', 'flags', 'out', 'junit', 'archive'])
    String out = options.out ?: '.slipway/out'
    List words = ['run', '--soft-exit', '--file', options.file ?: 'slipway.yaml', '--out', out] +
        slipway.flagged('--set', slipway.pairsOf(options.params)) +
        slipway.listOf(options.flags) + slipway.listOf(options.stages)
    int status = 70
    try {
        status = slipway(words)
    } finally {
        publish(out, options)
    }
    slipway.finish(status)
    return resultOf(readFile("${out}/outputs.json"), status)
}

// After an abort, too: a run that was stopped leaves valid reports.
private void publish(String out, Map options) {
    if (options.junit != false) {
        junit(testResults: "${out}/junit/*.xml", allowEmptyResults: true)
    }
    if (options.archive != false) {
        archiveArtifacts(artifacts: "${out}/**", allowEmptyArchive: true, fingerprint: true)
    }
}

/** digest and ref are there when exactly one stage built or pushed an image. */
@NonCPS
private Map resultOf(String json, int status) {
    Map outputs = new JsonSlurperClassic().parseText(json)
    List images = outputs.values().findAll { it.digest && it.ref }
    Map result = [status: status, outputs: outputs, refs: images.collect { it.ref }]
    if (images.size() == 1) {
        result.digest = images[0].digest
        result.ref = images[0].ref
    }
    return result
}
