/**
 * Jenkins' pipeline steps for vars/ and Jenkinsfiles without Jenkins: sh runs its script as the
 * durable-task plugin does, everything else is recorded in World. A step that is not known here runs
 * its closure, if it has one: agent, stages, steps, post and the like.
 */
abstract class Steps extends Script {

    def getProperty(String name) {
        if (World.globals.containsKey(name)) {
            return World.globals[name]
        }
        return super.getProperty(name)
    }

    def sh(Object argument) {
        Map options = argument instanceof Map ? argument : [script: argument]
        World.record('sh', options)
        if (options.script instanceof GString) {
            throw new StepFailed("sh was given a GString: ${options.script}")
        }
        File script = new File(World.directory, 'script.sh')
        script.text = options.script
        ProcessBuilder builder = new ProcessBuilder('sh', '-xe', script.path)
        builder.directory(World.directory).redirectErrorStream(true)
        builder.environment().putAll(World.environment)
        Process process = builder.start()
        process.outputStream.close()
        World.log << process.inputStream.text
        int status = process.waitFor()
        if (options.returnStatus) {
            return status
        }
        if (status != 0) {
            throw new StepFailed("script returned exit code ${status}")
        }
    }

    def withEnv(List pairs, Closure body) {
        within(pairs.collectEntries { it.toString().split('=', 2) as List }, body)
    }

    def withCredentials(List bindings, Closure body) {
        Map values = [:]
        for (binding in bindings) {
            values[binding.usernameVariable] = World.credentials[binding.credentialsId]?.user
            values[binding.passwordVariable] = World.credentials[binding.credentialsId]?.password
            values[binding.variable] = World.credentials[binding.credentialsId]?.text
        }
        within(values.findAll { name, value -> name && value }, body)
    }

    private within(Map values, Closure body) {
        Map before = World.environment.clone()
        World.environment.putAll(values)
        try {
            return body()
        } finally {
            World.environment = before + World.assigned
        }
    }

    def usernamePassword(Map options) {
        return options
    }

    def string(Map options) {
        return options
    }

    def libraryResource(String name) {
        return new File(World.library, "resources/${name}").text
    }

    def readFile(Object name) {
        return new File(World.directory, name.toString()).text
    }

    def error(Object message) {
        throw new StepFailed(message.toString())
    }

    def invokeMethod(String name, Object arguments) {
        List values = arguments as List
        if (World.steps.containsKey(name)) {
            return World.steps[name].invokeMethod('call', arguments)
        }
        if (name in ['call', 'run', 'println'] || metaClass.respondsTo(this, name, arguments)) {
            return super.invokeMethod(name, arguments)
        }
        World.record(name, values.findAll { !(it instanceof Closure) })
        Closure body = values.find { it instanceof Closure }
        return body?.call()
    }

}
