/** What the steps of one test see and leave behind. */
class World {

    static File library
    static File directory
    static Map environment
    static Map assigned // what a pipeline set by env.NAME = ...: it stays when a closure ends
    static Map credentials
    static Map globals
    static Map steps = [:]
    static List records
    static StringBuilder log

    static void begin(File workspace) {
        directory = workspace
        environment = [:]
        assigned = [:]
        credentials = [:]
        records = []
        log = new StringBuilder()
        globals = [env: new Environment(), currentBuild: new Expando(), POD_LABEL: 'pod', scm: 'scm',
            any: 'any', none: 'none']
    }

    static void record(String name, Object options) {
        records << [name: name, options: options]
    }

    static List recorded(String name) {
        return records.findAll { it.name == name }*.options
    }

    static class Environment {
        def getProperty(String name) {
            return World.environment[name]
        }

        void setProperty(String name, Object value) {
            World.assigned[name] = value.toString()
            World.environment[name] = value.toString()
        }
    }

}
