#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make calibrate: does vtscope say 'regression' where there is one, and nowhere else?

Every trial is a real measurement on this machine whose right answer is known. Its raw results stay in --dir; a trial that
is there is not made again, so that this can be stopped and started. --minutes 0: until all goals are reached.
Status 0: all goals are reached and all is as it must be; 1: something is not; 2: nothing is wrong, and not all is there.
"""
import argparse
import gzip
import hashlib
import json
import math
import os
import subprocess
import sys
import time

OPS = ['cpu.alu.u', 'nano.call-ret', 'exit.cpuid', 'cpu.branchy.u', 'mem.copy.u', 'mem.chase.32k.4k.u']
ENGINES = ['native', 'tcg', 'kvm']
# Operation, its body, executions counted; what a guest is called in which it is slower by so many percent.
SLOWED = {'cpu.alu.u': ('alu', 20), 'nano.call-ret': ('call_ret', 20), 'exit.cpuid': ('cpuid', 60)}
LEVELS = [5, 10, 20, 50]
# The cap of a paired comparison; launches of a translator differ by where its code came to lie.
PAIRS = {'native': 60, 'tcg': 120, 'kvm': 60}
PRECISION = 3.0		# per cent: a ratio known that well is measured no more
PAIRED_HALF = math.log(1.04)	# +-4 % of the ratio, as ab tells it: where this is reached, a slowdown of 10 % must be found
GAP = 12		# runs between a baseline and what is compared with it
GOALS = {'aa-paired': 100, 'aa-stored': 100, 'slow-native': 300, 'slow-tcg': 300, 'slow-kvm': 30, 'power': 120}
LEAST = 20		# trials of an operation before a share of them is judged
REACHED = 0.5		# of these, on native and tcg, must have their ratio known to PAIRED_HALF within PAIRS
# Where --minutes end first, these shares have been done alike; the rest of slow-* comes after.
FIRST = {'slow-native': 100, 'slow-tcg': 100}


def images(engine, name):
    return os.path.join(os.environ['GUESTS'], f'runner-{name}' if engine == 'native' else f'guest-{name}.elf')


def slow_name(op, percent):
    body, times = SLOWED[op]
    return f'{body}-{times * (100 + percent) // 100}'


class Trials:
    def __init__(self, folder, vtscope):
        self.folder, self.vtscope = folder, vtscope
        for sub in ('trial', 'raw', 'baseline'):
            os.makedirs(os.path.join(folder, sub), exist_ok=True)
        self.absent = set()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *args):
        try:
            done = subprocess.run([self.vtscope, *args], capture_output=True, text=True, timeout=900, check=False)
        except subprocess.TimeoutExpired:
            return None, f'{args[0]}: no end after 15 minutes'
        return done.returncode, done.stdout + done.stderr

    def pack(self, name):
        """Raw results are large and compress well."""
        with open(name, 'rb') as plain, gzip.open(name + '.gz', 'wb', 6) as packed:
            packed.write(plain.read())
        os.remove(name)

    def keep(self, name, trial, comparison):
        with open(comparison, encoding='utf-8') as f:
            trial['comparison'] = json.load(f)
        with open(self.path('trial', name + '.tmp'), 'w', encoding='utf-8') as f:
            json.dump(trial, f)
        os.rename(self.path('trial', name + '.tmp'), self.path('trial', name + '.json'))
        os.remove(comparison)

    def paired(self, name, trial, a, b):
        prefix, out = self.path('raw', name), self.path('raw', name + '-comparison.json')
        # Only what was packed is there for good.
        started = time.time()
        rc, text = self.run('ab', '-q', '--engine', trial['engine'], *ops_args(), '--launches', str(PAIRS[trial['engine']]),
                            '--precision', str(PRECISION), '--a', a, '--b', b, '--keep', prefix, '--format', 'json', '-o', out)
        if rc not in (0, 3, 4):
            return rc, text
        trial['seconds'] = round(time.time() - started, 1)
        self.pack(prefix + '-a.json')
        self.pack(prefix + '-b.json')
        self.keep(name, trial, out)
        return rc, text

    def bench(self, engine, image, out):
        extra = ['--image', image] if image else []
        return self.run('bench', '-q', '--engine', engine, *ops_args(), *extra, '-o', out)

    def stored(self, name, trial, baseline, image):
        trial['baseline'] = os.path.basename(baseline)
        run, out = self.path('raw', name + '.json'), self.path('raw', name + '-comparison.json')
        rc, text = self.bench(trial['engine'], image, run)
        if rc:
            return rc, text
        rc, text = self.run('compare', '-q', baseline, run, '--format', 'json', '-o', out)
        if rc not in (0, 3, 4):
            return rc, text
        self.pack(run)
        self.keep(name, trial, out)
        return rc, text

    def recompare(self):
        """Stored comparisons once more, from their raw results: for another vtscope."""
        for kind in ('aa-stored', 'power'):
            for i in range(GOALS[kind]):
                name = f'{kind}-{i:03}'
                if not self.there(kind, i):
                    continue
                trial, run, out = self.load(kind, i), self.path('raw', name + '.json'), self.path('raw', name + '-comparison.json')
                with gzip.open(run + '.gz', 'rb') as packed, open(run, 'wb') as plain:
                    plain.write(packed.read())
                rc, text = self.run('compare', '-q', self.path('baseline', trial['baseline']), run, '--format', 'json', '-o', out)
                os.remove(run)
                if rc in (0, 3, 4):
                    self.keep(name, trial, out)
                else:
                    print(f'{name}: status {rc}: {text.strip()[-300:]}', file=sys.stderr)

    # ---- one trial of each kind, number i ----

    def aa_paired(self, i):
        engine = ENGINES[i % 3]
        # With the guest that is built in and with the one whose slowed copies the next lines are about, in turn.
        image = images(engine, 'base') if i // 3 % 2 else None
        side = f"--image '{image}'" if image else ''
        return self.paired(f'aa-paired-{i:03}', {'kind': 'aa-paired', 'engine': engine}, side, side)

    def aa_stored(self, i):
        """A baseline is made for each trial of its own, GAP trials before it is used: both are then independent."""
        engine = ENGINES[i % 3]
        for k in (i, i + GAP):
            file = self.baseline(k)
            if not os.path.exists(file):
                rc, text = self.bench(ENGINES[k % 3], images(ENGINES[k % 3], 'base') if k // 3 % 2 else None, file)
                if rc:
                    return rc, text
        image = images(engine, 'base') if i // 3 % 2 else None
        return self.stored(f'aa-stored-{i:03}', {'kind': 'aa-stored', 'engine': engine}, self.baseline(i), image)

    def baseline(self, i):
        return self.path('baseline', f'aa-{i:03}.json')

    def slow(self, engine, i):
        op = list(SLOWED)[i % 3]
        a, b = images(engine, 'base'), images(engine, slow_name(op, 10))
        return self.paired(f'slow-{engine}-{i:03}', {'kind': f'slow-{engine}', 'engine': engine, 'op': op, 'percent': 10},
                           f"--image '{a}'", f"--image '{b}'")

    def power(self, i):
        engine, op, level = ENGINES[i % 2], list(SLOWED)[i // 2 % 3], LEVELS[i // 6 % 4]
        # One baseline for the four levels, as a user would have it.
        file = self.path('baseline', f'power-{engine}-{op}-{i // 24}.json')
        if not os.path.exists(file):
            rc, text = self.bench(engine, images(engine, 'base'), file)
            if rc:
                return rc, text
        return self.stored(f'power-{i:03}', {'kind': 'power', 'engine': engine, 'op': op, 'percent': level}, file,
                           images(engine, slow_name(op, level)))

    def make(self, kind, i):
        if kind == 'aa-paired':
            return self.aa_paired(i)
        if kind == 'aa-stored':
            return self.aa_stored(i)
        if kind == 'power':
            return self.power(i)
        return self.slow(kind[5:], i)

    # ---- which next ----

    def there(self, kind, i):
        return os.path.exists(self.path('trial', f'{kind}-{i:03}.json'))

    def next_trial(self):
        """The kind that lags most behind its goal; what comes after FIRST only when all others are done."""
        best = None
        for kind, goal in GOALS.items():
            if kind in self.absent:
                continue
            left = [i for i in range(goal) if not self.there(kind, i) and (kind, i) not in self.absent]
            if not left:
                continue
            first = FIRST.get(kind, goal)
            share = left[0] / first if left[0] < first else 1 + left[0] / goal
            if best is None or share < best[0]:
                best = (share, kind, left[0])
        return best

    def work(self, minutes):
        end = time.time() + 60 * minutes if minutes else None
        while end is None or time.time() < end:
            chosen = self.next_trial()
            if not chosen:
                return
            _, kind, i = chosen
            rc, text = self.make(kind, i)
            if self.there(kind, i):
                print(f'{time.strftime("%H:%M:%S")} {kind} {i}: {words(self.load(kind, i))}', file=sys.stderr, flush=True)
                continue
            print(f'{kind} {i}: status {rc}: {text.strip()[-300:]}', file=sys.stderr, flush=True)
            self.absent.add((kind, i))
            if rc in (130, -2):
                return

    def load(self, kind, i):
        with open(self.path('trial', f'{kind}-{i:03}.json'), encoding='utf-8') as f:
            return json.load(f)

    def all(self, kind):
        return [self.load(kind, i) for i in range(GOALS[kind]) if self.there(kind, i)]


def ops_args():
    return [word for op in OPS for word in ('--op', op)]


# ---- what came of it ----

def words(trial):
    count = {}
    for c in trial['comparison']['changes']:
        if c['measure'] == 'time':
            count[c['word']] = count.get(c['word'], 0) + 1
    return ', '.join(f'{n} {w}' for w, n in count.items())


def binomial_bounds(k, n):
    """Clopper and Pearson's 95 % bounds."""
    def tail(p, lo, hi):
        return sum(math.comb(n, j) * p ** j * (1 - p) ** (n - j) for j in range(lo, hi + 1))

    def solve(f):
        lo, hi = 0.0, 1.0
        for _ in range(60):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if f(mid) else (lo, mid)
        return lo
    low = 0.0 if k == 0 else solve(lambda p: tail(p, k, n) < 0.025)
    high = 1.0 if k == n else solve(lambda p: tail(p, 0, k) > 0.025)
    return low, high


def share(k, n):
    if not n:
        return '0 of 0'
    low, high = binomial_bounds(k, n)
    return f'{k} of {n} (95 % bound {100 * low:.1f} .. {100 * high:.1f} %)'


def changes(trial, word=None):
    return [c for c in trial['comparison']['changes'] if word is None or c['word'] == word]


def of_op(trial):
    for c in trial['comparison']['changes']:
        if c['op'] == trial['op'] and c['measure'] == 'time':
            return c
    return None


def accused(trial):
    """What was said of operations that did not change."""
    return [c for c in trial['comparison']['changes']
            if c['op'] != trial.get('op') and c['word'] in ('regression', 'improvement')]


def half_width(c):
    return (math.log(c['ci95'][1]) - math.log(c['ci95'][0])) / 2 if c['ci95'] else math.inf


class Judgement:
    """What was found wrong, and what is not known yet."""

    def __init__(self):
        self.wrong, self.missing = [], []

    def must(self, right, what):
        if not right:
            self.wrong.append(what)

    def count(self, n, goal, what):
        if n < goal:
            self.missing.append(f'{what}: {n} of {goal}')

    def end(self):
        for what in self.wrong:
            print(f'wrong: {what}')
        for what in self.missing:
            print(f'not there yet: {what}')
        print('NOT as it must be' if self.wrong else 'as it must be, as far as it goes' if self.missing else 'as it must be')
        return 1 if self.wrong else 2 if self.missing else 0


def report_aa(t, judge):
    bad = n = 0
    for kind, name in (('aa-paired', 'paired (ab)'), ('aa-stored', 'against a stored baseline (compare)')):
        trials = t.all(kind)
        wrong = [x for x in trials if changes(x, 'regression')]
        better = [x for x in trials if changes(x, 'improvement')]
        print(f'A/A, {name}: {share(len(wrong), len(trials))} say regression, {len(better)} improvement')
        for engine in ENGINES:
            some = [x for x in trials if x['engine'] == engine]
            times = [c for x in some for c in changes(x) if c['measure'] == 'time']
            if some:
                print(f'  {engine:7} {len(some):3} comparisons, {sum(bool(changes(x, "regression")) for x in some)} regression; '
                      f'of {len(times)} operations {sum(c["word"] == "no change" for c in times)} no change, '
                      f'{sum(c["word"] == "inconclusive" for c in times)} inconclusive')
        for x in wrong:
            for c in changes(x, 'regression'):
                print(f'  wrong: {x["engine"]} {c["op"]} {c["measure"]} {c["ratio"]:.3f} {c["ci95"]}')
        bad += len(wrong)
        n += len(trials)
        judge.count(len(trials), GOALS[kind], kind)
    print(f'A/A, all: {share(bad, n)} say regression; at most 2 of 200 may')
    judge.must(bad <= 2, f'{bad} regressions in A/A')


def report_slow(t, judge):
    for engine in ENGINES:
        trials = t.all(f'slow-{engine}')
        judge.count(len(trials), FIRST.get(f'slow-{engine}', GOALS[f'slow-{engine}']), f'slow-{engine}')
        if not trials:
            continue
        print(f'10 % slower, paired, {engine}: {len(trials)} comparisons')
        all_there = all_found = 0
        for op in SLOWED:
            some = [(x, of_op(x)) for x in trials if x['op'] == op]
            there = [(x, c) for x, c in some if c and half_width(c) < PAIRED_HALF]
            found = [c for _, c in there if c['word'] == 'regression']
            rest = [c for x, c in some if c and half_width(c) >= PAIRED_HALF]
            said = {}
            for c in rest:
                said[c['word']] = said.get(c['word'], 0) + 1
            if not some:
                continue
            all_there += len(there)
            all_found += len(found)
            pairs = sorted(c['launches'][0] for _, c in some if c)
            print(f'  {op:14} known to +-4 % within {PAIRS[engine]} pairs: {len(there)} of {len(some)}; of these found: '
                  f'{share(len(found), len(there))}; else: {said if said else "none"}; pairs, median: {pairs[len(pairs) // 2]}')
            if len(some) < LEAST and engine != 'kvm':
                judge.missing.append(f'{engine} {op}: {len(some)} of {LEAST}')
            elif len(some) >= LEAST:
                judge.must(len(there) >= REACHED * len(some) or engine == 'kvm', f'{engine} {op} is not known well enough')
        print(f'  found, of all that are known: {share(all_found, all_there)}; at least 95 of 100 must be')
        judge.must(all_there < LEAST or all_found >= 0.95 * all_there, f'{engine}: a slowdown of 10 % was not found')
        wrong = [c for x in trials for c in accused(x)]
        print(f'  other operations accused: {share(sum(bool(accused(x)) for x in trials), len(trials))} comparisons')
        for c in wrong:
            print(f'    {c["op"]} {c["measure"]} {c["word"]} {c["ratio"]:.3f} {c["ci95"]}')
        judge.must(not wrong, f'{engine}: an operation was accused that had not changed')


def report_power(t, judge):
    trials = t.all('power')
    judge.count(len(trials), GOALS['power'], 'power')
    if not trials:
        return
    print('against a stored baseline, slower by')
    for engine in ENGINES[:2]:
        for op in SLOWED:
            cells = []
            for level in LEVELS:
                some = [of_op(x) for x in trials if (x['engine'], x['op'], x['percent']) == (engine, op, level)]
                found = sum(c['word'] == 'regression' for c in some if c)
                lies = sum(c['word'] == 'improvement' for c in some if c)
                judge.must(not lies, f'{engine} {op}: {level} % slower was called an improvement')
                cells.append(f'{level} %: {found} of {len(some)}' + (f', {lies} IMPROVEMENT' if lies else ''))
            print(f'  {engine:7} {op:14} found at ' + '; '.join(cells))
    wrong = [x for x in trials if accused(x)]
    print(f'  other operations accused: {share(len(wrong), len(trials))} comparisons')
    for x in wrong:
        for c in accused(x):
            print(f'    {x["engine"]} {c["op"]} {c["measure"]} {c["word"]} {c["ratio"]:.3f}')
    judge.must(not wrong, 'against a baseline an operation was accused that had not changed')


def report_coverage(judge):
    """The intervals themselves, by simulation, with several seeds."""
    program = os.environ.get('COVERAGE')
    if not program or not os.path.exists(program):
        judge.missing.append('coverage of the intervals: COVERAGE names the program, which make builds where CUnit is')
        return
    for seed in range(1, 6):
        done = subprocess.run([program], capture_output=True, text=True, check=False, env={**os.environ, 'COVERAGE_SEED': str(seed)})
        judge.must(done.returncode == 0 and 'not ok' not in done.stdout, f'coverage of the intervals, seed {seed}')
        ranges = [line[2:].split(' for n')[0] for line in done.stdout.splitlines() if line.startswith('# ') and '% for n' in line]
        print(f'coverage of the intervals, n = 6 to 30, 2,000 data sets each, seed {seed}: ' + '; '.join(ranges) +
              ('' if done.returncode == 0 else ': FAILED'))


def settings(vtscope):
    """What all trials of a folder must have in common."""
    digest = hashlib.sha256()
    names = sorted(n for n in os.listdir(os.environ['GUESTS']) if n.startswith(('guest-', 'runner-')))
    for name in [vtscope] + [os.path.join(os.environ['GUESTS'], n) for n in names]:
        with open(name, 'rb') as f:
            digest.update(f.read())
    return {'build': digest.hexdigest(), 'ops': OPS, 'pairs': PAIRS, 'precision': PRECISION, 'gap': GAP}


def settings_check(folder, vtscope, report_only):
    file, now = os.path.join(folder, 'settings.json'), None if report_only else settings(vtscope)
    if os.path.exists(file) and now:
        with open(file, encoding='utf-8') as f:
            if json.load(f) != now:
                sys.exit(f'calibrate: {folder} has results of another build or other settings; --dir another, or remove it')
    elif now:
        with open(file, 'w', encoding='utf-8') as f:
            json.dump(now, f)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--minutes', type=float, default=10)
    p.add_argument('--dir', default='calibrate')
    p.add_argument('--engines', help='only these, separated by commas')
    p.add_argument('--report', action='store_true', help='measure nothing, say what is there')
    p.add_argument('--recompare', action='store_true', help='make the stored comparisons again from their raw results')
    o = p.parse_args()
    vtscope = os.environ.get('VTSCOPE', 'vtscope')
    os.makedirs(o.dir, exist_ok=True)
    settings_check(o.dir, vtscope, o.report or o.recompare)
    t = Trials(o.dir, vtscope)
    if o.engines:
        t.absent |= {k for k in GOALS if k.startswith('slow-') and k[5:] not in o.engines.split(',')}
        ENGINES[:] = [e for e in ENGINES if e in o.engines.split(',')]
    if o.recompare:
        t.recompare()
    elif not o.report:
        try:
            t.work(o.minutes)
        except KeyboardInterrupt:
            pass
    judge = Judgement()
    report_coverage(judge)
    report_aa(t, judge)
    report_slow(t, judge)
    report_power(t, judge)
    return judge.end()


if __name__ == '__main__':
    sys.exit(main())
