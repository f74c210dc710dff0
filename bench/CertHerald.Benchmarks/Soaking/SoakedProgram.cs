using System.Diagnostics;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>The published program under <c>run</c>, which can be killed and started again. All that it says goes to a file.</summary>
/// <param name="prepare">Changes how it is started.</param>
/// <param name="hear">Gets each line that it says.</param>
internal sealed class SoakedProgram(string program, string configuration, string saidFile, Action<ProcessStartInfo>? prepare = null, Action<string>? hear = null) : IDisposable
{
    private const int Hangup = 1, Killing = 9, Term = 15, Stopping = 19, Continue = 18;

    /// <summary>The exit code after SIGTERM.</summary>
    private const int Terminated = 143;

    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly StreamWriter _said = new(saidFile) { AutoFlush = true };
    private Process? _process;
    private TaskCompletionSource _up = new();

    public int Starts { get; private set; }

    public int Kills { get; private set; }

    public int Stops { get; private set; }

    public int Pauses { get; private set; }

    /// <summary>How long the slowest clean stop took.</summary>
    public TimeSpan SlowestStop { get; private set; }

    /// <summary>Ends that nobody asked for, and stops that were not clean.</summary>
    public List<string> Failures { get; } = [];

    public long Lines { get; private set; }

    /// <summary>The last line that it said.</summary>
    public string LastLine { get; private set; } = "";

    /// <summary>Whether it is not there.</summary>
    public bool HasEnded => _process!.HasExited;

    public int ExitCode => _process!.ExitCode;

    /// <summary>Its id, or that which it had; null if it was never started.</summary>
    public int? LastId { get; private set; }

    /// <summary>Its end, whatever brings it.</summary>
    public Task Ended => _process!.WaitForExitAsync(CancellationToken.None);

    /// <summary>Until it answers.</summary>
    public Task Up
    {
        get { lock (_gate) return _up.Task; }
    }

    public void Start()
    {
        _process?.Dispose();
        var start = new ProcessStartInfo(program, ["run", "--config", configuration]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("CERTHERALD__", StringComparison.Ordinal)).ToList()) start.Environment.Remove(name);
        prepare?.Invoke(start);
        lock (_gate) _up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.Start();
        _process = process;
        LastId = process.Id;
        Starts++;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>As <c>kill -9</c> does. It is gone at once, and <see cref="Ended"/> soon.</summary>
    public void Kill()
    {
        Kills++;
        _ = LibC.kill(_process!.Id, Killing);
    }

    /// <summary>Lets it stand still for so long.</summary>
    public async Task PauseAsync(TimeSpan time, Action? meanwhile = null)
    {
        StandStill();
        meanwhile?.Invoke();
        await Task.Delay(time, CancellationToken.None);
        GoOn();
    }

    /// <summary>Lets it stand still, until <see cref="GoOn"/>.</summary>
    public void StandStill()
    {
        Pauses++;
        Signal(Stopping);
    }

    public void GoOn() => Signal(Continue);

    /// <summary>Asks it to read its configuration again.</summary>
    public void Reload()
    {
        if (_process is { HasExited: false }) Signal(Hangup);
    }

    /// <summary>Asks it to end, as a service manager does, and waits.</summary>
    public async Task StopAsync()
    {
        Stops++;
        long began = Stopwatch.GetTimestamp();
        Signal(Term);
        try
        {
            await Ended.WaitAsync(LongestStop);
        }
        catch (TimeoutException)
        {
            Failures.Add($"it did not end within {LongestStop.TotalSeconds:0} s of SIGTERM");
            _process!.Kill();
            await Ended;
            return;
        }
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        if (took > SlowestStop) SlowestStop = took;
        if (ExitCode != Terminated) Failures.Add($"after SIGTERM it ended with {ExitCode}");
    }

    public void Dispose()
    {
        if (_process is { HasExited: false }) _process.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
        lock (_gate) _said.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null) return;
        lock (_gate)
        {
            Lines++;
            LastLine = line;
            _said.WriteLine(line);
            if (line.Contains(" answers on ", StringComparison.Ordinal)) _up.TrySetResult();
        }
        hear?.Invoke(line);
    }

    private void Signal(int signal) => _ = LibC.kill(_process!.Id, signal);
}
