using CertHerald.Tests.Doubles;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>One process of the program: its data, its configuration, its address, and its own idea of the time of day.</summary>
internal sealed class ChaosNode : IDisposable
{
    /// <summary>What a node says that reads a log from now on, where there are others.</summary>
    private const string TakesALog = " is followed by this node now";

    private volatile bool _isMeantToDie, _stands;
    private int _taken;

    /// <param name="folder">For its configuration, and what it says.</param>
    /// <param name="data">Its data directory.</param>
    public ChaosNode(string name, string program, string folder, string data, ChaosClock clock, CanaryWatch canaries)
    {
        (Name, Data, Clock) = (name, data, clock);
        ConfigurationFile = Path.Combine(folder, $"{name}.json");
        Said = Path.Combine(folder, $"{name}.said");
        Address = new Uri($"http://127.0.0.1:{FreePorts.Next()}/");
        Api = new ChaosApi(Address, canaries);
        Program = new SoakedProgram(program, ConfigurationFile, Said, clock.PutInto, line =>
        {
            canaries.Look("a line of the log", line);
            if (line.Contains(TakesALog, StringComparison.Ordinal)) Interlocked.Increment(ref _taken);
        });
    }

    public string Name { get; }

    public string Data { get; }

    public string ConfigurationFile { get; }

    /// <summary>The file of all that it said.</summary>
    public string Said { get; }

    public Uri Address { get; }

    public ChaosClock Clock { get; }

    public ChaosApi Api { get; }

    public SoakedProgram Program { get; }

    /// <summary>Whether its end, if it comes, is our doing.</summary>
    public bool IsMeantToDie => _isMeantToDie;

    /// <summary>Whether it stands still, and answers nobody.</summary>
    public bool Stands => _stands;

    /// <summary>How often it took a log that another had, or nobody.</summary>
    public int LogsTaken => Volatile.Read(ref _taken);

    public void Begin()
    {
        if (Program.LastId is not null) Forget();
        _isMeantToDie = false;
        Program.Start();
    }

    public void Kill()
    {
        if (Program.HasEnded) return;
        _isMeantToDie = true;
        Program.Kill();
    }

    public Task StopAsync()
    {
        _isMeantToDie = true;
        return Program.StopAsync();
    }

    /// <summary>Lets it stand still until <see cref="GoOn"/>.</summary>
    public void StandStill()
    {
        if (Program.HasEnded) return;
        _stands = true;
        Program.StandStill();
    }

    public void GoOn()
    {
        Program.GoOn();
        _stands = false;
    }

    public void Dispose()
    {
        Program.Dispose();
        if (Program.LastId is not null) Forget();
        Api.Dispose();
    }

    private void Forget() => ChaosClock.ForgetProcess(Program.LastId!.Value);
}
