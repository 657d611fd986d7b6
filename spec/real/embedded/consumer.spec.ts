import '../../support/embedded/on-embedded-cluster.js';
import '../consumer.spec.js';
