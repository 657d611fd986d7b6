import '../../support/embedded/on-embedded-cluster.js';
import '../broker-behaviour.spec.js';
