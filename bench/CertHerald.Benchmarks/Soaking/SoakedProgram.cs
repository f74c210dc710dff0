using System.Diagnostics;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>The published program under <c>run</c>, killed and started again at random. All that it says goes to a file.</summary>
internal sealed class SoakedProgram(string program, string configuration, string saidFile, int seed) : IDisposable
{
    private const int Term = 15, Stop = 19, Continue = 18, Terminated = 143, MostFailures = 100;

    private static readonly TimeSpan MeanLife = TimeSpan.FromSeconds(14), LongestStop = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();
    private readonly StreamWriter _said = new(saidFile) { AutoFlush = true };
    private Process? _process;

    public int Kills { get; private set; }

    public int Stops { get; private set; }

    public int Pauses { get; private set; }

    /// <summary>How long the slowest clean stop took.</summary>
    public TimeSpan SlowestStop { get; private set; }

    /// <summary>Ends that nobody asked for, and stops that were not clean.</summary>
    public List<string> Failures { get; } = [];

    public long Lines { get; private set; }

    /// <summary>Lives it until then, through kills, stops and pauses. It runs when this returns.</summary>
    public async Task TroubleAsync(Action<string> tell, CancellationToken stopping)
    {
        // Interrupted, we leave nothing running.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process?.Kill();
        Start();
        while (true)
        {
            TimeSpan life = MeanLife * -Math.Log(1 - _random.NextDouble());
            Task ended = _process!.WaitForExitAsync(CancellationToken.None);
            await Task.WhenAny(ended, Task.Delay(life < TimeSpan.FromSeconds(90) ? life : TimeSpan.FromSeconds(90), stopping));
            if (ended.IsCompleted)
            {
                Failures.Add($"it ended by itself with {_process.ExitCode}");
                tell(Failures[^1]);
                if (Failures.Count > MostFailures || stopping.IsCancellationRequested) return;
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
                Start();
                continue;
            }
            if (stopping.IsCancellationRequested) return;

            int how = _random.Next(20);
            if (how < 2)
            {
                tell("pause");
                Pauses++;
                Signal(Stop);
                await Task.Delay(TimeSpan.FromSeconds(1 + 9 * _random.NextDouble()), CancellationToken.None);
                Signal(Continue);
                continue;
            }
            if (how < 5)
            {
                tell("stop");
                await StopAsync();
            }
            else
            {
                tell("kill");
                Kills++;
                _process.Kill();
                await ended;
            }
            // Sometimes at once, sometimes the world moves on without it.
            await Task.Delay(TimeSpan.FromSeconds(_random.Next(3) == 0 ? 5 * _random.NextDouble() : 0), CancellationToken.None);
            Start();
        }
    }

    /// <summary>Asks it to end, as a service manager does, and waits.</summary>
    public async Task StopAsync()
    {
        Stops++;
        long began = Stopwatch.GetTimestamp();
        Signal(Term);
        try
        {
            await _process!.WaitForExitAsync(CancellationToken.None).WaitAsync(LongestStop);
        }
        catch (TimeoutException)
        {
            Failures.Add($"it did not end within {LongestStop.TotalSeconds:0} s of SIGTERM");
            _process!.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            return;
        }
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        if (took > SlowestStop) SlowestStop = took;
        if (_process.ExitCode != Terminated) Failures.Add($"after SIGTERM it ended with {_process.ExitCode}");
    }

    /// <summary>Whether it has ended though nobody asked it to.</summary>
    public bool HasEnded => _process!.HasExited;

    public void Dispose()
    {
        if (_process is { HasExited: false }) _process.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
        lock (_gate) _said.Dispose();
    }

    private void Start()
    {
        _process?.Dispose();
        var start = new ProcessStartInfo(program, ["run", "--config", configuration]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("CERTHERALD__", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Take(string? line)
    {
        if (line is null) return;
        lock (_gate)
        {
            Lines++;
            _said.WriteLine(line);
        }
    }

    private void Signal(int signal) => _ = LibC.kill(_process!.Id, signal);
}
