/*
 * The transitions of both machines that a search has taken, each with a shortest schedule that leads to it among those that the search came by;
 * printed when the search is over. The search itself must not be able to tell, so none of this is part of a state.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTED_SLOTS = 1 << 13, NOTED_DEPTH = 512, NOTED_IN_STEP = 2 };

typedef struct {
  unsigned char move, node, peer, count;
  uint64_t transitions[NOTED_IN_STEP];
} NotedStep;

typedef struct {
  uint64_t transition;
  int length;
  NotedStep *schedule;
} Noted;

/* The search goes in depth: what was noted at lesser depths is how it came here. Steps before the first are spin's own. */
static NotedStep noted_path[NOTED_DEPTH];
static Noted noted[NOTED_SLOTS];
static int noted_count;

static void print_transition(uint64_t key) {
  printf(" %u.%u.%u.%u.%u.%u.%u", (unsigned)(key & 1), (unsigned)(key >> 1 & 15), (unsigned)(key >> 5 & 3), (unsigned)(key >> 7 & 31),
         (unsigned)(key >> 12 & 15), (unsigned)(key >> 16 & 0xffffffff), (unsigned)(key >> 48));
}

static void print_noted(void) {
  for (int slot = 0; slot < NOTED_SLOTS; slot++) {
    if (noted[slot].schedule == NULL) continue;
    printf("noted");
    print_transition(noted[slot].transition);
    for (int i = 0; i < noted[slot].length; i++) {
      const NotedStep *step = &noted[slot].schedule[i];
      if (step->move == 0) continue;
      printf(" %c%d%d", step->move, step->node + 1, step->peer + 1);
      for (int t = 0; t < step->count; t++) print_transition(step->transitions[t]);
    }
    printf("\n");
  }
}

static void note_step(long depth, int move, int node, int peer) {
  if (depth >= NOTED_DEPTH) abort();
  noted_path[depth] = (NotedStep){.move = (unsigned char)move, .node = (unsigned char)node, .peer = (unsigned char)peer};
}

static void note_transition(long depth, int machine, int before, int role, int input, int after, int effects, int detail) {
  uint64_t key = (uint64_t)detail << 48 | (uint64_t)effects << 16 | (uint64_t)after << 12 | (uint64_t)input << 7 | (uint64_t)role << 5 | (uint64_t)before << 1 | (uint64_t)machine;
  NotedStep *now = &noted_path[depth];
  if (now->count == NOTED_IN_STEP) abort();
  now->transitions[now->count++] = key;
  unsigned slot = (unsigned)((key * 0x9e3779b97f4a7c15u) >> 51);
  while (noted[slot].schedule != NULL && noted[slot].transition != key) slot = (slot + 1) % NOTED_SLOTS;
  Noted *entry = &noted[slot];
  if (entry->schedule != NULL && entry->length <= depth + 1) return;
  if (entry->schedule == NULL) {
    if (noted_count == 0) atexit(print_noted);
    if (++noted_count == NOTED_SLOTS) abort();
  }
  entry->transition = key;
  entry->length = (int)depth + 1;
  entry->schedule = realloc(entry->schedule, sizeof(NotedStep) * (size_t)entry->length);
  if (entry->schedule == NULL) abort();
  memcpy(entry->schedule, noted_path, sizeof(NotedStep) * (size_t)entry->length);
}
