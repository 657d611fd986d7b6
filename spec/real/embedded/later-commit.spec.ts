import '../../support/embedded/on-embedded-cluster.js';
import '../later-commit.spec.js';
