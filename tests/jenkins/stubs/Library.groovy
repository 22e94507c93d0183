/** Jenkins' annotation that loads a shared library; the tests load it themselves. */
@interface Library {
    String value()
}
