/** What a step throws that fails the build. */
class StepFailed extends RuntimeException {

    StepFailed(String message) {
        super(message)
    }

}
