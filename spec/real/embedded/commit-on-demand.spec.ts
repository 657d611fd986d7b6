import '../../support/embedded/on-embedded-cluster.js';
import '../commit-on-demand.spec.js';
