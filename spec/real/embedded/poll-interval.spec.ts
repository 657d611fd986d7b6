import '../../support/embedded/on-embedded-cluster.js';
import '../poll-interval.spec.js';
