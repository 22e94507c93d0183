package com.cloudbees.groovy.cps

/** Jenkins' mark for methods that it does not rewrite; here it means nothing. */
@interface NonCPS {
}
