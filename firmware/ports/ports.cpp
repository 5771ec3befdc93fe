// Keeps the headers of this room compiling on their own.
#include "ports/broker.hpp"
#include "ports/camera.hpp"
#include "ports/illuminator.hpp"
#include "ports/signing_key.hpp"
#include "ports/sql.hpp"
#include "ports/trigger.hpp"
