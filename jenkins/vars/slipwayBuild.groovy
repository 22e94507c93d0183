import com.cloudbees.groovy.cps.NonCPS

/** Builds and pushes one image, and returns its digest. slipwayBuild.txt has the options. */
Map call(Map options = [:]) {
    slipway.check('slipwayBuild', options,
        ['context', 'dockerfile', 'target', 'destinations', 'buildArgs', 'labels', 'cacheRepo', 'flags', 'out'])
    String out = options.out ?: '.slipway/out'
    List destinations = slipway.listOf(options.destinations)
    List words = ['build', '--context', options.context ?: '.', '--dockerfile',
        options.dockerfile ?: 'Dockerfile', '--digest-file', "${out}/digest"] +
        slipway.flagged('--destination', destinations) +
        slipway.flagged('--target', slipway.listOf(options.target)) +
        slipway.flagged('--build-arg', slipway.pairsOf(options.buildArgs)) +
        slipway.flagged('--label', slipway.pairsOf(options.labels)) +
        slipway.flagged('--cache-repo', slipway.listOf(options.cacheRepo))
    if (options.cacheRepo) {
        words += '--cache'
    }
    if (destinations) {
        words += ['--image-name-with-digest-file', "${out}/refs"]
    } else {
        words += '--no-push'
    }
    slipway.finish(slipway(words + slipway.listOf(options.flags)))
    List refs = destinations ? linesOf(readFile("${out}/refs")) : []
    return [digest: readFile("${out}/digest"), refs: refs, ref: refs ? refs[0] : null]
}

@NonCPS
private List linesOf(String text) {
    return text.readLines().findAll { it }
}
