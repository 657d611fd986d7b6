import '../../support/embedded/on-embedded-cluster.js';
import '../admin-requests.spec.js';
