// Runs the shared library of jenkins/ and its examples against tests/jenkins/stubs, with the real
// program: groovy -cp tests/jenkins/stubs tests/jenkins/library_test.groovy SOURCE-DIRECTORY SLIPWAY WORKSPACE
// Speaks TAP. REGISTRY in the environment is a plain registry on loopback.
import org.codehaus.groovy.control.CompilerConfiguration

sources = new File(args[0])
program = args[1]
scratch = new File(args[2])
registry = System.getenv('REGISTRY')
tests = 0
failed = 0

World.library = new File(sources, 'jenkins')
shell = new GroovyShell(this.class.classLoader, new Binding(),
    new CompilerConfiguration(scriptBaseClass: 'Steps'))
for (file in new File(World.library, 'vars').listFiles().findAll { it.name.endsWith('.groovy') }) {
    String name = file.name - '.groovy'
    World.steps[name] = shell.parse(file)
}

void test(String name, Closure body) {
    tests++
    File workspace = new File(scratch, "workspace-${tests}")
    workspace.mkdirs()
    World.begin(workspace)
    World.globals.putAll(World.steps)
    World.environment.SLIPWAY_PROGRAM = program
    World.environment.BUILD_NUMBER = '17'
    try {
        body()
        println "ok ${tests} - ${name}"
    } catch (Throwable e) {
        failed++
        println "not ok ${tests} - ${name}"
        println "${e}\n${World.log}".readLines().take(60).collect { "# ${it}" }.join('\n')
    }
}

void write(String name, String text) {
    new File(World.directory, name).text = text
}

String failureOf(Closure body) {
    try {
        body()
    } catch (StepFailed | IllegalArgumentException e) {
        return e.message
    }
    throw new IllegalStateException('it did not fail')
}

// A program that shows its arguments and ends as it is told.
void pretend(int status) {
    write('program', "#!/bin/sh\nprintf '<%s>\\n' \"\$@\"\nexit ${status}\n")
    new File(World.directory, 'program').setExecutable(true)
    World.environment.SLIPWAY_PROGRAM = './program'
}

run = World.steps.slipwayRun
build = World.steps.slipwayBuild

test('slipwayRun returns outputs, digest and ref, and publishes its reports') {
    write('slipway.yaml', '''\
version: 1
name: app
params: {tag: dev}
stages:
  - name: words
    run: echo "tag=${{ params.tag }}" >>"$SLIPWAY_OUTPUT"
    outputs: [tag]
  - name: image
    build: {no-push: true, destinations: ["registry.example.com/app:${{ params.tag }}"]}
''')
    write('Dockerfile', 'FROM scratch\nCOPY slipway.yaml /\n')
    Map made = run.call(params: [tag: '1.2'])
    assert made.status == 0
    assert made.outputs.words.tag == '1.2'
    assert made.digest ==~ /sha256:[0-9a-f]{64}/
    assert made.ref == "registry.example.com/app@${made.digest}"
    assert made.refs == [made.ref]
    assert World.recorded('junit')[0][0].testResults == '.slipway/out/junit/*.xml'
    assert World.recorded('archiveArtifacts')[0][0].artifacts == '.slipway/out/**'
    assert World.recorded('unstable').empty
    assert new File(World.directory, '.slipway/out/junit').list().length > 0
}

test('slipwayRun: only allowed failures are unstable, and the result is there') {
    write('slipway.yaml', 'version: 1\nname: app\nstages:\n  - {name: a, allow-failure: true, run: "exit 3"}\n')
    Map made = run.call()
    assert made.status == 10
    assert World.recorded('unstable').size() == 1
    assert !made.containsKey('digest')
}

test('slipwayRun: a failure is an error that says what to do, after the reports') {
    write('slipway.yaml', 'version: 1\nname: app\nstages:\n  - {name: a, run: "exit 3"}\n')
    assert failureOf { run.call() }.contains('exit status 1: a command of the pipeline failed')
    assert World.recorded('junit').size() == 1
    assert World.recorded('archiveArtifacts').size() == 1
}

test('slipwayRun: reports can be left to the caller') {
    write('slipway.yaml', 'version: 1\nname: app\nstages:\n  - {name: a, run: "true"}\n')
    run.call(junit: false, archive: false, out: 'elsewhere')
    assert World.recorded('junit').empty && World.recorded('archiveArtifacts').empty
    assert new File(World.directory, 'elsewhere/report.json').exists()
}

test('slipwayRun: stages and flags are words, whatever they hold') {
    pretend(2)
    String hostile = '$(touch stolen) `touch stolen`; touch stolen * \'"'
    failureOf { run.call(stages: ['one', hostile], flags: '--push', params: [a: 'b c']) }
    assert World.log.toString().contains(
        "<--set>\n<a=b c>\n<--push>\n<one>\n<${hostile}>\n")
    assert !new File(World.directory, 'stolen').exists()
}

test('the script is constant, starts slipway by exec, and has no interpolation') {
    pretend(0)
    World.steps.slipway.call(['version'])
    World.steps.slipway.call(['plan', '--file', 'x'])
    List scripts = World.recorded('sh')*.script
    assert scripts[0] == scripts[1]
    assert scripts[0].readLines().last().startsWith('exec ')
    assert !World.environment.containsKey('SLIPWAY_WORDS')
}

test('empty arguments and those of several lines are refused') {
    pretend(0)
    assert failureOf { World.steps.slipway.call(['run', 'a\nb']) }.contains('more than one line')
    assert failureOf { World.steps.slipway.call(['run', '']) }.contains('is empty')
    assert World.recorded('sh').empty
}

test('unknown options are named') {
    assert failureOf { run.call(files: 'x') }.contains('no option "files"; there are file, stages')
    assert failureOf { build.call(destination: 'x') }.contains('no option "destination"')
}

test('infrastructure failures say that a retry may help, signals and others what they are') {
    assert failureOf { World.steps.slipway.finish(4) }.contains('retry(2)')
    assert failureOf { World.steps.slipway.finish(143) }.contains('ended by signal 15')
    assert failureOf { World.steps.slipway.finish(42) }.contains('exit status 42: a command failed')
}

test('slipwayBuild pushes to all destinations and returns what it pushed') {
    write('Dockerfile', 'FROM scratch\nARG A\nLABEL a=${A}\nCOPY Dockerfile /\n')
    Map image = build.call(destinations: ["${registry}/jenkins/app:1", "${registry}/jenkins/app:2"],
        buildArgs: [A: 'two words'], labels: [b: 'c'], cacheRepo: "${registry}/jenkins/cache",
        flags: ['--insecure', '--insecure-pull'])
    assert image.digest ==~ /sha256:[0-9a-f]{64}/
    assert image.ref == "${registry}/jenkins/app@${image.digest}"
    assert image.refs.size() == 2
}

test('slipwayBuild without destinations pushes nothing') {
    write('Dockerfile', 'FROM scratch\nCOPY Dockerfile /\n')
    Map image = build.call()
    assert image.digest && image.refs == [] && image.ref == null
}

// usage: secrets never get into scripts, arguments or files: only into the environment.
void refuteSecret(String secret) {
    assert !World.records.toString().contains(secret)
    assert !World.log.toString().contains(secret)
}

for (name in ['declarative', 'plain']) {
    String example = name
    test("the ${example} example runs, and shows no secret") {
        World.credentials.registry = [user: 'robot', password: 's3cret-of-the-registry']
        File bin = new File(World.directory, 'bin')
        bin.mkdirs()
        "ln -s ${program} ${bin}/slipway".execute().waitFor()
        World.environment.PATH = "${bin}:${System.getenv('PATH')}".toString()
        write('slipway.yaml', '''\
version: 1
name: app
params: {tag: dev}
registries:
  registry.example.com: {user: {env: REGISTRY_USER}, password: {env: REGISTRY_PASSWORD}}
stages:
  - name: image
    build: {no-push: true, destinations: ["registry.example.com/app:${{ params.tag }}"]}
''')
        write('Dockerfile', 'FROM scratch\nCOPY slipway.yaml /\n')
        shell.parse(new File(World.library, "examples/${example}.Jenkinsfile")).run()
        assert new File(World.directory, '.slipway/out/outputs.json').text.contains('app:17')
        assert World.recorded('junit').size() == 1
        if (example == 'declarative') {
            assert World.log.toString().contains('built registry.example.com/app@sha256:')
        }
        refuteSecret('s3cret-of-the-registry')
    }
}

test('the scripted example runs, and shows no secret') {
    World.credentials.'registry-config' = [text: '{"auths":{"registry.example.com":{"auth":"s3cret"}}}']
    write('program', '#!/bin/sh\necho "$DOCKER_CONFIG" | grep -q s3cret || exit 3\nmkdir -p .slipway/out\n' +
        'echo registry.example.com/team/app@sha256:0 >.slipway/out/refs\n' +
        'printf sha256:0 >.slipway/out/digest\n')
    new File(World.directory, 'program').setExecutable(true)
    World.environment.SLIPWAY_PROGRAM = './program'
    shell.parse(new File(World.library, 'examples/scripted.Jenkinsfile')).run()
    assert World.globals.currentBuild.description == 'registry.example.com/team/app@sha256:0'
    assert World.recorded('checkout').size() == 1
    refuteSecret('s3cret')
}

test('the pod template is what the examples load') {
    assert World.steps.slipway.libraryResource('podTemplate.yaml').contains('kind: Pod')
}

println "1..${tests}"
System.exit(failed ? 1 : 0)
